import { useCallback, useEffect, useState } from "react";
import { ended, type ProbeResult, probe, type Step } from "./probe";
import { type Verdict, verdictOf } from "./verdict";

export interface Checked {
  step: Step;
  found: ProbeResult | undefined;
  verdict: Verdict | undefined;
  again: () => void;
}

/** Checks the connection once, unless it is called off before it is done: `wanted` says whether it still matters. */
export function useProbe(wanted: boolean): Checked {
  const [step, setStep] = useState<Step>("site");
  const [found, setFound] = useState<ProbeResult>();
  const done = found !== undefined;
  useEffect(() => {
    if (!wanted || done) return;
    const stop = new AbortController();
    const { signal } = stop;
    probe(signal, (next) => !signal.aborted && setStep(next)).then(
      (result) => !signal.aborted && setFound(result),
      // What else goes wrong is something that this browser cannot do.
      () => !signal.aborted && setFound(ended("browser")),
    );
    return () => stop.abort();
  }, [wanted, done]);
  const again = useCallback(() => {
    setStep("site");
    setFound(undefined);
  }, []);
  return { step, found, verdict: found && verdictOf(found), again };
}
