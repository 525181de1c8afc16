/** One row of a browser's statistics (W3C webrtc-stats), of which only some fields are known to be there. */
export interface StatsEntry {
  id: string;
  type: string;
  [field: string]: unknown;
}

export const statsEntriesOf = (report: RTCStatsReport | undefined): StatsEntry[] => {
  const entries: StatsEntry[] = [];
  report?.forEach((entry: StatsEntry) => {
    entries.push(entry);
  });
  return entries;
};

export const numberOf = (entry: StatsEntry | undefined, field: string): number | undefined => {
  const value = entry?.[field];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
};

export const textOf = (entry: StatsEntry | undefined, field: string): string => {
  const value = entry?.[field];
  return typeof value === "string" ? value : "";
};

const byId = (entries: readonly StatsEntry[], id: unknown) => entries.find((entry) => entry.id === id);

export function selectedPair(entries: readonly StatsEntry[]): StatsEntry | undefined {
  const transport = entries.find((entry) => entry.type === "transport" && "selectedCandidatePairId" in entry);
  const selected = byId(entries, transport?.["selectedCandidatePairId"]);
  // Firefox says it at the pair.
  return selected ?? entries.find((entry) => entry.type === "candidate-pair" && entry["selected"] === true);
}

export const localCandidate = (entries: readonly StatsEntry[], pair: StatsEntry | undefined) =>
  byId(entries, pair?.["localCandidateId"]);

export const remoteCandidate = (entries: readonly StatsEntry[], pair: StatsEntry | undefined) =>
  byId(entries, pair?.["remoteCandidateId"]);
