import { useCallback, useEffect, useState } from "react";
import { failedProbe, type ProbeResult, probe, type Step } from "./probe";
import { type Verdict, verdictOf } from "./verdict";

export interface ConnectionTest {
  step: Step;
  result: ProbeResult | undefined;
  verdict: Verdict | undefined;
  retry: () => void;
}

/** Tests the connection once; while `wanted` is false a test that runs is aborted. */
export function useProbe(wanted: boolean): ConnectionTest {
  const [step, setStep] = useState<Step>("site");
  const [result, setResult] = useState<ProbeResult>();
  const done = result !== undefined;
  useEffect(() => {
    if (!wanted || done) return;
    const stop = new AbortController();
    const { signal } = stop;
    probe(signal, (next) => !signal.aborted && setStep(next)).then(
      (found) => !signal.aborted && setResult(found),
      // Whatever else goes wrong is something that this browser cannot do.
      () => !signal.aborted && setResult(failedProbe("browser")),
    );
    return () => stop.abort();
  }, [wanted, done]);
  const retry = useCallback(() => {
    setStep("site");
    setResult(undefined);
  }, []);
  return { step, result, verdict: result && verdictOf(result), retry };
}
