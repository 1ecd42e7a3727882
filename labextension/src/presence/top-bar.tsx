import { TranslationBundle } from '@jupyterlab/translation';
import { classes, ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { Avatar } from './avatar';
import { followIcon } from './icons';
import { followersOf, IPerson, placeOf } from './people';
import { IPresence } from './tokens';
import { description, followersText } from './wording';

/** From a window this wide there is room for so many faces; the others are a number. */
const ROOM: readonly [number, number][] = [
  [1000, 5],
  [760, 3],
  [0, 1]
];

/** In a narrower window the number of followers stands without words. */
const WORDS_FROM_PX = 1000;

export interface IPeopleBarOptions {
  readonly presence: IPresence;
  readonly trans: TranslationBundle;
  readonly showPanel: () => void;
}

/** The faces of the others in the top bar. */
export class PeopleBar extends ReactWidget {
  constructor(private readonly _options: IPeopleBarOptions) {
    super();
    this.addClass('csx-PeopleBar');
  }

  protected override render(): React.JSX.Element {
    const { presence } = this._options;
    return (
      <UseSignal signal={presence.changed}>
        {() => <Faces {...this._options} people={presence.people} />}
      </UseSignal>
    );
  }
}

interface IFacesProps extends IPeopleBarOptions {
  readonly people: readonly IPerson[];
}

function Faces(props: IFacesProps): React.JSX.Element {
  const { people, presence, trans, showPanel } = props;
  const others = people
    .filter(person => !person.isMe)
    .sort((a, b) => Number(isAway(a)) - Number(isAway(b)));
  const width = useWindowWidth();
  const room = ROOM.find(([from]) => width >= from)?.[1] ?? 1;
  // "+1" would take the place of the one it counts.
  const shown = others.length === room + 1 ? others.length : room;
  const rest = others.length - shown;
  const me = presence.me?.user.username;
  const followers = me === undefined ? 0 : followersOf(people, me).length;
  return (
    <div
      className="csx-PeopleBar-faces"
      role="group"
      aria-label={trans.__('People here')}
    >
      {followers > 0 && (
        <span
          className="csx-PeopleBar-followers"
          role="status"
          title={followersText(followers, trans)}
        >
          <followIcon.react tag="span" className="csx-Button-icon" />
          {width >= WORDS_FROM_PX ? followersText(followers, trans) : followers}
        </span>
      )}
      {others.slice(0, shown).map(person => (
        <button
          key={person.user.username}
          className={classes(
            'csx-PeopleBar-face',
            `csx-mod-${person.presence.status}`
          )}
          aria-label={description(person, people, trans)}
          title={description(person, people, trans)}
          onClick={() => void presence.goTo(placeOf(person.presence))}
        >
          <Avatar user={person.user} status={person.presence.status} />
        </button>
      ))}
      {rest > 0 && (
        <button
          className="csx-PeopleBar-more"
          aria-label={trans._n('%1 more person', '%1 more people', rest)}
          title={trans._n('%1 more person', '%1 more people', rest)}
          onClick={showPanel}
        >
          +{rest}
        </button>
      )}
    </div>
  );
}

function useWindowWidth(): number {
  const [width, setWidth] = React.useState(window.innerWidth);
  React.useEffect(() => {
    const onResize = (): void => setWidth(window.innerWidth);
    window.addEventListener('resize', onResize);
    return () => window.removeEventListener('resize', onResize);
  }, []);
  return width;
}

function isAway(person: IPerson): boolean {
  return person.presence.status === 'away';
}
