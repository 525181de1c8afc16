/** Signals of a call: two notes for somebody who comes in, three low ones for somebody who knocks. */

const STORED = "conclave.signals";

export const signalsWanted = (): boolean => localStorage.getItem(STORED) !== "off";
export const wantSignals = (wanted: boolean): void => localStorage.setItem(STORED, wanted ? "on" : "off");

const NOTES = { arrival: [523.25, 783.99], knock: [329.63, 329.63, 415.3] } as const;
export type Signal = keyof typeof NOTES;

const LENGTH_S = 0.16;

/** Plays a signal on the browser's own output, quietly; where that is not possible, the sight has to do. */
export function playSignal(signal: Signal): void {
  if (typeof AudioContext === "undefined") return;
  const context = new AudioContext();
  const notes = NOTES[signal];
  notes.forEach((frequency, n) => {
    const oscillator = context.createOscillator();
    const volume = context.createGain();
    const starts = context.currentTime + 0.02 + n * LENGTH_S;
    oscillator.frequency.value = frequency;
    volume.gain.setValueAtTime(0, starts);
    volume.gain.linearRampToValueAtTime(0.12, starts + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, starts + LENGTH_S + 0.2);
    oscillator.connect(volume).connect(context.destination);
    oscillator.start(starts);
    oscillator.stop(starts + LENGTH_S + 0.25);
    if (n === notes.length - 1) oscillator.onended = () => void context.close();
  });
}
