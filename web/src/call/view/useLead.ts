import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { type Asked, type Grant, portal, type Refusal, type RoomState, type Source } from "../../api/portal";
import { followRoom } from "./followRoom";
import type { RoomChange } from "./stopping";

/** What those do who lead a meeting; each rejects with the portal's refusal. */
export interface LeadActions {
  admit: (number: number) => Promise<void>;
  admitAll: (numbers: number[]) => Promise<void>;
  deny: (number: number, how: Refusal) => Promise<void>;
  tell: (number: number, text: string) => Promise<void>;
  mute: (identity: string, source: Source) => Promise<void>;
  grantSpeech: (identity: string, granted: boolean) => Promise<void>;
  grant: (identity: string, what: Grant, granted: boolean) => Promise<void>;
  lowerHand: (identity: string) => Promise<void>;
  ask: (identity: string, what: Asked) => Promise<void>;
  moveBack: (identity: string) => Promise<void>;
  setCoOrganiser: (identity: string, coOrganiser: boolean) => Promise<void>;
  remove: (identity: string, how: Refusal) => Promise<void>;
  setRoom: (how: RoomChange) => Promise<void>;
  stop: () => Promise<void>;
  extend: (minutes: number) => Promise<void>;
  end: () => Promise<void>;
}

/** The meeting as seen by those who lead it; undefined until the portal has said it. */
export interface Lead {
  room: RoomState | undefined;
  /** The last question failed: what is shown may be out of date. */
  stale: boolean;
  actions: LeadActions;
}

/** For whom no stream gets through: how often the list is asked for all the same. */
const ASK_MS = 15_000;

/** @param wanted whether this person leads the meeting now */
export function useLead(id: string, wanted: boolean): Lead | undefined {
  const queries = useQueryClient();
  const room = useQuery({
    queryKey: ["room", id],
    queryFn: () => portal.room(id),
    enabled: wanted,
    refetchInterval: ASK_MS,
    refetchIntervalInBackground: true,
    gcTime: 0,
  });
  useEffect(() => {
    if (!wanted) return;
    const over = new AbortController();
    const told = (now: RoomState) => queries.setQueryData(["room", id], now);
    void followRoom(() => portal.roomEvents(id, over.signal), told, over.signal);
    return () => over.abort();
  }, [id, wanted, queries]);
  const actions = useMemo((): LeadActions => {
    /** What somebody did is shown without waiting for the stream. */
    const then = async (done: Promise<unknown>) => {
      try {
        await done;
      } finally {
        void queries.invalidateQueries({ queryKey: ["room", id] });
      }
    };
    return {
      admit: (number) => then(portal.admit(id, number)),
      admitAll: (numbers) => then(portal.admitAll(id, numbers)),
      deny: (number, how) => then(portal.deny(id, number, how)),
      tell: (number, text) => then(portal.tell(id, number, text)),
      mute: (identity, source) => then(portal.mute(id, identity, source)),
      grantSpeech: (identity, granted) => then(portal.grantSpeech(id, identity, granted)),
      grant: (identity, what, granted) => then(portal.grant(id, identity, what, granted)),
      lowerHand: (identity) => then(portal.lowerHand(id, identity)),
      ask: (identity, what) => then(portal.ask(id, identity, what)),
      moveBack: (identity) => then(portal.moveBack(id, identity)),
      setCoOrganiser: (identity, coOrganiser) => then(portal.setCoOrganiser(id, identity, coOrganiser)),
      remove: (identity, how) => then(portal.expel(id, identity, how)),
      setRoom: (how) => then(portal.setRoom(id, how)),
      stop: () => then(portal.stop(id)),
      extend: (minutes) => then(portal.extend(id, minutes)),
      end: () => then(portal.end(id)),
    };
  }, [id, queries]);
  const { data, isError } = room;
  return useMemo(
    () => (wanted ? { room: data, stale: isError, actions } : undefined),
    [wanted, data, isError, actions],
  );
}
