// A camera of one colour and a microphone of one tone, and what is seen and heard of others.
// `COLOUR` and `TONE` are put in front of this file, which runs before the page does.
(() => {
  const camera = () => {
    const canvas = document.createElement('canvas');
    canvas.width = 320;
    canvas.height = 180;
    const paint = canvas.getContext('2d');
    let frame = 0;
    setInterval(() => {
      paint.fillStyle = COLOUR;
      paint.fillRect(0, 0, 320, 180);
      // Something moves at the edge.
      paint.fillStyle = 'black';
      paint.fillRect((frame++ * 4) % 320, 170, 10, 10);
    }, 100);
    return canvas.captureStream(10).getVideoTracks()[0];
  };
  let sound;
  const context = () => (sound ??= new AudioContext());
  const microphone = () => {
    const tone = new OscillatorNode(context(), { frequency: TONE });
    const volume = new GainNode(context(), { gain: 0.3 });
    const end = context().createMediaStreamDestination();
    tone.connect(volume).connect(end);
    tone.start();
    return end.stream.getAudioTracks()[0];
  };
  navigator.mediaDevices.getUserMedia = async ({ audio, video }) =>
    new MediaStream([...(video ? [camera()] : []), ...(audio ? [microphone()] : [])]);

  const voices = [];
  const RealAudio = window.Audio;
  window.Audio = function (...given) {
    const element = new RealAudio(...given);
    voices.push({ element, analyser: null });
    return element;
  };
  /** The strongest tone of each voice that is heard, in hertz. */
  window.tonesHeard = () => {
    const tones = [];
    for (const voice of voices) {
      const stream = voice.element.srcObject;
      if (!stream) {
        continue;
      }
      if (!voice.analyser) {
        voice.analyser = new AnalyserNode(context(), { fftSize: 8192 });
        new MediaStreamAudioSourceNode(context(), { mediaStream: stream }).connect(voice.analyser);
      }
      const loudness = new Float32Array(voice.analyser.frequencyBinCount);
      voice.analyser.getFloatFrequencyData(loudness);
      const peak = loudness.indexOf(Math.max(...loudness));
      if (loudness[peak] > -60) {
        tones.push((peak * context().sampleRate) / 8192);
      }
    }
    return tones;
  };
  window.hearsJust = wanted => {
    const tones = window.tonesHeard();
    return (
      tones.length === wanted.length &&
      wanted.every(tone => tones.some(heard => Math.abs(heard - tone) < 15))
    );
  };
  /** Whether the middle of somebody's picture in the call panel is about of a colour. */
  window.isColoured = (name, colour) => {
    const tiles = [...document.querySelectorAll('.csx-Call-tile')];
    const tile = tiles.find(({ textContent }) => textContent.includes(name));
    const video = tile?.querySelector('video');
    if (!video?.videoWidth) {
      return false;
    }
    const paint = new OffscreenCanvas(1, 1).getContext('2d');
    const { videoWidth: width, videoHeight: height } = video;
    paint.drawImage(video, width / 2, height / 2, 1, 1, 0, 0, 1, 1);
    const seen = paint.getImageData(0, 0, 1, 1).data;
    window.lastColour = [...seen];
    return colour.every((part, at) => Math.abs(part - seen[at]) < 60);
  };
})();
