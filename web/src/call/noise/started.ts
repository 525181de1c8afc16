const START_MS = 3000;

/** Starts audio processing; rejects where the browser, or a machine without a sound device, leaves it standing. */
export function started(context: Pick<AudioContext, "resume">): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the browser does not start audio processing")), START_MS);
    void context.resume().then(() => {
      clearTimeout(timer);
      resolve();
    }, reject);
  });
}
