/** Provided at run time by the jupyterlab-chat extension; see `stock.ts`. */
declare module '@jupyter/chat';
