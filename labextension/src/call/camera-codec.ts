/** What a person wants their camera to be encoded with. */
export type CameraCodec = 'automatic' | 'VP8' | 'VP9' | 'AV1';

/** How a camera is sent. */
export interface ICameraEncoding {
  readonly layers: RTCRtpEncodingParameters[];
  /** What the browser may use; null for what it likes best. */
  readonly codecs: RTCRtpCodec[] | null;
}

/** The smallest first: the server forwards the one that a viewer has room for. */
const SIMULCAST: ICameraEncoding = {
  layers: [
    { rid: 'q', scaleResolutionDownBy: 4 },
    { rid: 'h', scaleResolutionDownBy: 2 },
    { rid: 'f' }
  ],
  codecs: null
};
/** Three sizes and three rates in one stream; only key frames refer to the smaller size. */
const LAYERS_INSIDE = 'L3T3_KEY';

/** Of more than 8 bits a colour, or of more colours, which not every decoder takes. */
const OTHER_PROFILES = /profile(-id)?=[123]/;

/** TypeScript's library doesn't know of this yet. */
interface ILayered extends RTCRtpEncodingParameters {
  readonly scalabilityMode: string;
}

/**
 * How to send a camera: three streams in VP8, which everybody decodes and any computer encodes, unless
 * somebody wants another codec that this browser encodes in layers.
 */
export async function cameraEncoding(
  wanted: CameraCodec,
  isEncoded: (codec: string) => Promise<boolean> = isEncodedInLayers,
  known: () => readonly RTCRtpCodec[] = knownCodecs
): Promise<ICameraEncoding> {
  if (wanted === 'automatic' || wanted === 'VP8') {
    return SIMULCAST;
  }
  const type = `video/${wanted}`;
  const codecs = known().filter(
    ({ mimeType, sdpFmtpLine = '' }) =>
      mimeType === type && !OTHER_PROFILES.test(sdpFmtpLine)
  );
  const repairs = known().filter(({ mimeType }) => mimeType === 'video/rtx');
  if (codecs.length === 0 || !(await isEncoded(type))) {
    return SIMULCAST;
  }
  const layer: ILayered = { scalabilityMode: LAYERS_INSIDE };
  return { layers: [layer], codecs: [...codecs, ...repairs] };
}

function knownCodecs(): readonly RTCRtpCodec[] {
  // Browsers prefer only what they decode as well.
  return RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
}

async function isEncodedInLayers(contentType: string): Promise<boolean> {
  const { supported } = await navigator.mediaCapabilities.encodingInfo({
    type: 'webrtc',
    video: {
      contentType,
      width: 1280,
      height: 720,
      bitrate: 1_500_000,
      framerate: 30,
      scalabilityMode: LAYERS_INSIDE
    }
  });
  return supported;
}
