import { queryOptions, useQuery } from "@tanstack/react-query";
import { type Level, type Levels, portal } from "./api/portal";

/** The levels in force change with the site's configuration only. */
export const levelsQuery = queryOptions({ queryKey: ["levels"], queryFn: portal.levels, staleTime: 10 * 60_000 });

export const useLevels = (): Levels | undefined => useQuery(levelsQuery).data;

/** Where a level stands on the ladder, 1 for the loosest; 0 for one that the site does not have. */
export const rankOf = (levels: Levels | undefined, name: string): number =>
  (levels?.levels.findIndex((level) => level.name === name) ?? -1) + 1;

export const levelNamed = (levels: Levels | undefined, name: string): Level | undefined =>
  levels?.levels.find((level) => level.name === name);
