/** Looking closer at a picture: how large it is drawn and where, in pixels of its frame. */

export interface ISize {
  readonly width: number;
  readonly height: number;
}

/** The picture fills its frame at scale 1; `x` and `y` are where its upper left corner is drawn. */
export interface IZoom {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export const WHOLE: IZoom = { scale: 1, x: 0, y: 0 };

export const STEP = 1.25;

const CLOSEST = 8;

/** The largest area of the shape of a picture in the middle of a box. */
export function fit(
  picture: ISize,
  box: ISize
): ISize & { readonly left: number; readonly top: number } {
  if (picture.width === 0 || picture.height === 0) {
    return { left: 0, top: 0, ...box };
  }
  const scale = Math.min(
    box.width / picture.width,
    box.height / picture.height
  );
  const width = picture.width * scale;
  const height = picture.height * scale;
  return {
    left: (box.width - width) / 2,
    top: (box.height - height) / 2,
    width,
    height
  };
}

/** Draw it larger or smaller, while the point at `x`, `y` of the frame stays where it is. */
export function zoomAt(
  zoom: IZoom,
  factor: number,
  x: number,
  y: number,
  frame: ISize
): IZoom {
  const scale = Math.min(CLOSEST, Math.max(1, zoom.scale * factor));
  const ratio = scale / zoom.scale;
  return inside(
    { scale, x: x - (x - zoom.x) * ratio, y: y - (y - zoom.y) * ratio },
    frame
  );
}

/** Draw it elsewhere, but never leave a part of the frame empty. */
export function pan(zoom: IZoom, dx: number, dy: number, frame: ISize): IZoom {
  return inside({ ...zoom, x: zoom.x + dx, y: zoom.y + dy }, frame);
}

function inside(zoom: IZoom, frame: ISize): IZoom {
  const within = (at: number, size: number): number =>
    Math.min(0, Math.max(size * (1 - zoom.scale), at));
  return {
    scale: zoom.scale,
    x: within(zoom.x, frame.width),
    y: within(zoom.y, frame.height)
  };
}
