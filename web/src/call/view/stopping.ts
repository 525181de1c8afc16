import type { RoomState } from "../../api/portal";

/** What is stopped and given back one by one, as the portal names it. */
const ALL = ["floor_open", "cameras_open", "sharing_open", "chat_open", "locked"] as const;

export type Stoppable = (typeof ALL)[number];
export type RoomChange = Partial<Record<Stoppable, boolean>>;

/** What is closed to participants. A locked door, or a closed floor, alone is everyday business and no stop. */
export function stoppedIn(room: Pick<RoomState, Stoppable | "sharing">): Stoppable[] {
  // Where not everybody shares a screen anyway, nothing is given back to everybody.
  const closed = ALL.filter((what) =>
    what === "locked" ? room.locked : !room[what] && (what !== "sharing_open" || room.sharing === "everybody"),
  );
  const everyday: readonly Stoppable[] = ["floor_open", "locked"];
  return closed.every((what) => everyday.includes(what)) ? [] : closed;
}
