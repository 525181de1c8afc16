import { useRef } from "react";
import type { Person } from "../model";
import type { TileContent } from "./Tile";
import type { Layout } from "./viewChoices";

export const camera = (person: Person): TileContent => ({ key: `${person.identity}/camera`, person, kind: "camera" });
export const screen = (person: Person): TileContent => ({ key: `${person.identity}/screen`, person, kind: "screen" });

/** Who is shown large: whoever speaks, else whoever spoke last, else the first of the others. */
export function useSpeaker(people: readonly Person[]): Person | undefined {
  const last = useRef<string>(undefined);
  const others = people.filter((person) => !person.self);
  const current = others.find((person) => person.identity === last.current);
  const speaking = others.filter((person) => person.speaking);
  const chosen = current?.speaking ? current : (speaking[0] ?? current ?? others[0] ?? people[0]);
  last.current = chosen?.identity;
  return chosen;
}

/** The shared screens, others' first: the own one is no news to whoever shares it. */
export function sharedScreens(people: readonly Person[]): TileContent[] {
  const sharing = people.filter((person) => person.screen);
  return [...sharing.filter((person) => !person.self), ...sharing.filter((person) => person.self)].map(screen);
}

/**
 * What is shown large: what somebody chose to keep so, as long as it is there, else a shared screen, else the speaker
 * where that was chosen; nothing when all have the same size.
 */
export function largeContent(
  screens: readonly TileContent[],
  people: readonly Person[],
  layout: Layout,
  kept: string | undefined,
  speaker: Person | undefined,
): TileContent | undefined {
  const chosen = [...screens, ...people.map(camera)].find(({ key }) => key === kept);
  return chosen ?? screens[0] ?? (layout === "speaker" && people.length > 1 && speaker ? camera(speaker) : undefined);
}
