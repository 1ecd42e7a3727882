import { Engine } from './engine';
import { FromWorker, ToWorker } from './messages';

/** What is used of a dedicated worker's global scope. */
interface IScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer: Transferable[]): void;
}

const scope = self as unknown as IScope;
const engine = new Engine((message, transfer = []) =>
  scope.postMessage(message, transfer)
);
scope.onmessage = ({ data }) => engine.hear(data);
