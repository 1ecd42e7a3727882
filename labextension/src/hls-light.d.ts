// `moduleResolution: node` doesn't know the entry points of a package; this one has hls.js's types.
declare module 'hls.js/light' {
  export * from 'hls.js';
  export { default } from 'hls.js';
}
