/** The blur of what is behind somebody, which some browsers and systems do (Media Capture Extensions). */

interface IBlurCapabilities {
  readonly backgroundBlur?: readonly boolean[];
}

/** Whether a camera can be told to blur, or not to. */
export function canBlur(camera: MediaStreamTrack | null): boolean {
  if (!camera || !('getCapabilities' in camera)) {
    return false;
  }
  const { backgroundBlur } = camera.getCapabilities() as IBlurCapabilities;
  return (
    backgroundBlur !== undefined &&
    backgroundBlur.includes(true) &&
    backgroundBlur.includes(false)
  );
}

/** Blur what is behind somebody, or don't, where the camera can. */
export async function setBlur(
  camera: MediaStreamTrack,
  isBlurred: boolean
): Promise<void> {
  if (canBlur(camera)) {
    const constraints: object = { backgroundBlur: isBlurred };
    await camera.applyConstraints(constraints);
  }
}
