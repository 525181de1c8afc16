/** Whether a call of the same meeting runs in another tab of this browser: the same person would be there twice. */

const PREFIX = "conclave.call.";

/** Says that this tab is in the meeting until the returned function is called or the tab is gone. */
export function holdPresence(id: string): () => void {
  let release = () => {};
  const over = new Promise<void>((done) => {
    release = done;
  });
  // Two tabs may be in the same meeting, so nobody waits for anybody.
  void navigator.locks?.request(PREFIX + id, { mode: "shared" }, () => over);
  return release;
}

export async function isPresent(id: string): Promise<boolean> {
  const { held } = (await navigator.locks?.query()) ?? {};
  return held?.some(({ name }) => name === PREFIX + id) ?? false;
}
