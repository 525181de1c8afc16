/**
 * Calls `report` about 20 times a second with the loudness of `track`, 0 to 1 and in dBFS, until the returned function is
 * called.
 */
export function watchLevel(track: MediaStreamTrack, report: (level: number, decibels: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const meanSquare = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    // -60 dBFS is silence in a quiet room, -12 dBFS close and loud speech.
    const decibels = 10 * Math.log10(meanSquare + 1e-12);
    report(Math.min(1, Math.max(0, (decibels + 60) / 48)), decibels);
  }, 50);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}

/** Three soft tones on the chosen speaker; resolves when they have ended. */
export async function playMelody(speaker: string | undefined): Promise<void> {
  const context = new AudioContext();
  const target = context.createMediaStreamDestination();
  const tones = [523.25, 659.25, 783.99];
  const length = 0.28;
  tones.forEach((frequency, n) => {
    const oscillator = context.createOscillator();
    const volume = context.createGain();
    const starts = context.currentTime + 0.1 + n * length;
    oscillator.frequency.value = frequency;
    volume.gain.setValueAtTime(0, starts);
    volume.gain.linearRampToValueAtTime(0.25, starts + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.001, starts + length + 0.25);
    oscillator.connect(volume).connect(target);
    oscillator.start(starts);
    oscillator.stop(starts + length + 0.3);
  });
  const element = new Audio();
  element.srcObject = target.stream;
  if (speaker && "setSinkId" in element) await element.setSinkId(speaker);
  await element.play();
  await new Promise((done) => setTimeout(done, (0.1 + tones.length * length + 0.4) * 1000));
  element.srcObject = null;
  await context.close();
}
