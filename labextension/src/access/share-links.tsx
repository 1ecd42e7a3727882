import { Clipboard } from '@jupyterlab/apputils';
import * as React from 'react';

import { ILevel, ILink, IMadeLink } from '../api/access';
import { endOf, IExpiry } from './expiry';
import { levelName } from './roles';
import { ExpiryField, LevelField } from './share-fields';
import { ITabProps, LevelWords, resourceOf } from './share-people';
import { momentText, rangeText, untilText } from './wording';

/** Links that let guests in, without an account. */
export function LinksTab(props: ITabProps): React.JSX.Element {
  const { model, trans } = props;
  return (
    <>
      <p className="csx-Share-note">
        {trans.__(
          'Whoever has the link comes in as a guest, under a name of their own, with just this access and never as you.'
        )}
      </p>
      {model.made ? (
        <MadeLink {...props} made={model.made} />
      ) : (
        <LinkForm {...props} />
      )}
      <h3 className="csx-Share-heading">{trans.__('Links')}</h3>
      {model.links.length === 0 && (
        <p className="csx-Share-note">{trans.__('There are none.')}</p>
      )}
      <ul className="csx-Share-list">
        {model.links.map(link => (
          <LinkRow key={link.id} {...props} link={link} />
        ))}
      </ul>
    </>
  );
}

function LinkForm({ model, trans }: ITabProps): React.JSX.Element {
  const resource = resourceOf(model.scope);
  const [level, setLevel] = React.useState<ILevel>({ role: 'viewer' });
  const [expiry, setExpiry] = React.useState<IExpiry>({
    choice: 'week',
    date: ''
  });
  const [name, setName] = React.useState('');
  const [uses, setUses] = React.useState('');
  const [hasChat, setHasChat] = React.useState(false);
  React.useEffect(() => {
    setLevel({ role: resource === 'range' ? 'editor' : 'viewer' });
  }, [resource]);
  const end = endOf(expiry, Date.now() / 1000);
  const submit = (): void => {
    if (end === undefined || model.isBusy) {
      return;
    }
    void model.makeLink(
      {
        ...level,
        expires_at: end,
        max_uses: uses === '' ? null : Number(uses),
        ...(name.trim() && { name: name.trim() }),
        with_chat: hasChat
      },
      trans.__('The link is made. Copy it now: it is shown this once.')
    );
  };
  return (
    <form
      className="csx-Share-add"
      aria-label={trans.__('Make an invite link')}
      onSubmit={event => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="csx-Share-row">
        <LevelField
          label={trans.__('Role of guests')}
          value={level}
          resource={resource}
          isForPerson={false}
          trans={trans}
          onChange={setLevel}
        />
        <ExpiryField
          label={trans.__('How long the link works')}
          value={expiry}
          trans={trans}
          onChange={setExpiry}
        />
        <label className="csx-Share-labelled">
          {trans.__('For at most')}
          <input
            type="number"
            className="csx-Share-input csx-mod-number"
            min={1}
            step={1}
            placeholder="∞"
            value={uses}
            onChange={event => setUses(event.target.value)}
          />
          {trans.__('guests')}
        </label>
      </div>
      <LevelWords level={level} resource={resource} trans={trans} />
      <div className="csx-Share-row">
        <input
          type="text"
          className="csx-Share-input csx-mod-wide"
          aria-label={trans.__('What the link is for')}
          placeholder={trans.__('What it is for, such as “Tutorial on Monday”')}
          value={name}
          onChange={event => setName(event.target.value)}
        />
        {resource !== 'project' && (
          <label className="csx-Share-check">
            <input
              type="checkbox"
              checked={hasChat}
              onChange={event => setHasChat(event.target.checked)}
            />
            {trans.__('and the project chat')}
          </label>
        )}
        <button type="submit" className="csx-Share-button csx-mod-main">
          {trans.__('Make link')}
        </button>
      </div>
    </form>
  );
}

function MadeLink(props: ITabProps & { made: IMadeLink }): React.JSX.Element {
  const { model, trans, made } = props;
  const [isCopied, setCopied] = React.useState(false);
  const url = new URL(made.url, window.location.href).href;
  const field = React.useRef<HTMLInputElement>(null);
  React.useEffect(() => field.current?.select(), [url]);
  return (
    <section className="csx-Share-add" aria-label={trans.__('The new link')}>
      <div className="csx-Share-row">
        <input
          ref={field}
          className="csx-Share-input csx-mod-wide"
          readOnly
          aria-label={trans.__('Address of the link')}
          value={url}
          onFocus={event => event.target.select()}
        />
        <button
          type="button"
          className="csx-Share-button csx-mod-main"
          onClick={() => {
            Clipboard.copyToSystem(url);
            field.current?.select();
            setCopied(true);
          }}
        >
          {isCopied ? trans.__('Copied') : trans.__('Copy')}
        </button>
        <button
          type="button"
          className="csx-Share-button"
          onClick={() => {
            model.made = null;
            void model.load();
          }}
        >
          {trans.__('Make another')}
        </button>
      </div>
      <p className="csx-Share-words">
        {trans.__(
          'The address is shown this once. Whoever has it can come in, until it ends or you revoke it.'
        )}
      </p>
    </section>
  );
}

function LinkRow(props: ITabProps & { link: ILink }): React.JSX.Element {
  const { link, model, trans } = props;
  const [isAsking, setAsking] = React.useState(false);
  const name = link.name || trans.__('Link of %1', momentText(link.created_at));
  const facts = [
    levelName(link, trans),
    link.path === ''
      ? trans.__('the project')
      : link.range
        ? `${link.path}, ${rangeText(link.range, trans)}`
        : link.path,
    link.max_uses === null
      ? trans._n('%1 guest so far', '%1 guests so far', link.uses)
      : trans.__('%1 of %2 guests', link.uses, link.max_uses),
    link.expires_at === null
      ? trans.__('no end')
      : untilText(link.expires_at, trans)
  ];
  return (
    <li className="csx-Share-person">
      <span className="csx-Share-who">
        <span className="csx-Share-name">{name}</span>
        <span className="csx-Share-hint">{facts.join(' · ')}</span>
      </span>
      {isAsking && (
        <span className="csx-Share-hint" role="status">
          {trans.__('Guests who came by it are out at once.')}
        </span>
      )}
      <button
        type="button"
        className={`csx-Share-button${isAsking ? ' csx-mod-warn' : ''}`}
        aria-label={
          isAsking
            ? trans.__('Really revoke %1', name)
            : trans.__('Revoke %1', name)
        }
        onBlur={() => setAsking(false)}
        onClick={() => {
          if (isAsking) {
            void model.revokeLink(link, trans.__('The link no longer works.'));
          } else {
            setAsking(true);
          }
        }}
      >
        {isAsking ? trans.__('Really revoke') : trans.__('Revoke')}
      </button>
    </li>
  );
}
