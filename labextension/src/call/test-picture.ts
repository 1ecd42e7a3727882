const WIDTH = 640;
const HEIGHT = 360;
const BLOCK = 20;
const FRAMES_PER_SECOND = 15;

/** A moving picture that takes as many bits as a camera's, without one. */
export class TestPicture {
  constructor() {
    const canvas = document.createElement('canvas');
    canvas.width = WIDTH;
    canvas.height = HEIGHT;
    const paint = canvas.getContext('2d');
    this._timer = setInterval(() => {
      if (paint) {
        scatter(paint);
      }
    }, 1000 / FRAMES_PER_SECOND);
    [this.track] = canvas.captureStream(FRAMES_PER_SECOND).getVideoTracks();
  }

  readonly track: MediaStreamTrack;

  close(): void {
    clearInterval(this._timer);
    this.track.stop();
  }

  private readonly _timer: ReturnType<typeof setInterval>;
}

function scatter(paint: CanvasRenderingContext2D): void {
  for (let count = 0; count < 60; count++) {
    paint.fillStyle = `hsl(${Math.random() * 360} 80% 50%)`;
    paint.fillRect(Math.random() * WIDTH, Math.random() * HEIGHT, BLOCK, BLOCK);
  }
}
