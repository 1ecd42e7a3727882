import { IVerdict } from './close-codes';
import { IDraft, readDraftParts } from './draft';

/** What a draft tells of its document besides the text. */
export interface IDraftFacts {
  document: string;
  path: string;
  contentType: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Why edits became a draft. */
export type IDraftReason = Pick<IVerdict, 'code' | 'message'>;

/** Make a draft of edits that can't be merged; null when they say nothing. */
export function makeDraft(
  id: string,
  facts: IDraftFacts,
  reason: IDraftReason,
  state: Uint8Array | null,
  edits: readonly Uint8Array[]
): IDraft | null {
  const parts = readDraftParts(facts.contentType, state, edits);
  return parts.length
    ? {
        id,
        document: facts.document,
        path: facts.path,
        content_type: facts.contentType,
        code: reason.code,
        message: reason.message,
        created: Math.round(facts.now / 1000),
        parts
      }
    : null;
}

/** The end of a copy: its unsent edits become one draft, with what is typed until it closes. */
export class Ending {
  constructor(
    private readonly id: string,
    readonly verdict: IVerdict
  ) {}

  /** Take in more edits; gives the draft of all, or null when they say nothing. */
  draft(
    facts: IDraftFacts,
    state: Uint8Array,
    edits: readonly Uint8Array[]
  ): IDraft | null {
    this.edits.push(...edits);
    return makeDraft(this.id, facts, this.verdict, state, this.edits);
  }

  private readonly edits: Uint8Array[] = [];
}
