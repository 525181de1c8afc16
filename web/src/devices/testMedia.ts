const WIDTH = 640;
const HEIGHT = 360;
const FRAMES_PER_SECOND = 15;
const COLUMNS = 32;
const ROWS = 18;

/** Video and a tone that need no permission and that nobody sees or hears. */
export interface TestMedia {
  video: MediaStreamTrack;
  tone: MediaStreamTrack;
  stop: () => void;
}

/** Draws squares whose colours change all the time, so that the encoder has as much to do as with a lively camera. */
function draw(context: CanvasRenderingContext2D, frame: number): void {
  const width = WIDTH / COLUMNS;
  const height = HEIGHT / ROWS;
  for (let row = 0; row < ROWS; row += 1)
    for (let column = 0; column < COLUMNS; column += 1) {
      if ((row * 7 + column * 5 + frame) % 4 !== 0) continue;
      context.fillStyle = `hsl(${(frame * 9 + row * 31 + column * 17) % 360} 70% ${30 + ((frame + row + column) % 40)}%)`;
      context.fillRect(column * width, row * height, width, height);
    }
}

export function testMedia(): TestMedia {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser cannot draw");
  let frame = 0;
  draw(context, frame);
  const [video] = canvas.captureStream(FRAMES_PER_SECOND).getVideoTracks();
  const timer = window.setInterval(() => draw(context, ++frame), 1000 / FRAMES_PER_SECOND);

  const audio = new AudioContext();
  const oscillator = audio.createOscillator();
  const target = audio.createMediaStreamDestination();
  oscillator.connect(target);
  oscillator.start();
  const [tone] = target.stream.getAudioTracks();
  if (!video || !tone) throw new Error("this browser cannot generate video or a tone");
  return {
    video,
    tone,
    stop: () => {
      window.clearInterval(timer);
      video.stop();
      tone.stop();
      void audio.close();
    },
  };
}
