import { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import { ISecret, ISecretApi, SecretUsers } from './api';
import { COMMANDS } from './commands';
import { keyIcon } from './icons';
import { RunsModel } from './runs-model';

const USERS: readonly SecretUsers[] = ['owners', 'editors'];

interface ISecretsProps {
  readonly api: ISecretApi;
  readonly trans: TranslationBundle;
}

/** Add the command that shows the project's secrets. */
export function addSecretsCommand(
  { commands }: JupyterFrontEnd,
  api: ISecretApi,
  model: RunsModel,
  trans: TranslationBundle
): void {
  commands.addCommand(COMMANDS.secrets, {
    label: trans.__('Secrets of Runs'),
    caption: trans.__('Keys and passwords that runs get as variables'),
    icon: keyIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: () => model.all.may_manage_secrets,
    execute: async () => {
      const body = ReactWidget.create(<Secrets api={api} trans={trans} />);
      body.addClass('csx-Secrets');
      const dialog = new SecretsDialog({
        title: trans.__('Secrets of Runs'),
        body,
        buttons: [Dialog.okButton({ label: trans.__('Close') })]
      });
      await dialog.launch();
    }
  });
  model.changed.connect(() => commands.notifyCommandChanged(COMMANDS.secrets));
}

/** A dialog in whose fields Enter doesn't mean that one is done with all of it. */
class SecretsDialog extends Dialog<unknown> {
  override handleEvent(event: Event): void {
    const isInField =
      event.target instanceof HTMLInputElement ||
      event.target instanceof HTMLSelectElement;
    if (
      !isInField ||
      !(event instanceof KeyboardEvent) ||
      event.key !== 'Enter'
    ) {
      super.handleEvent(event);
    }
  }
}

/** The project's secrets: names and who may use them; values only go in. */
function Secrets({ api, trans }: ISecretsProps): React.JSX.Element {
  const [secrets, setSecrets] = React.useState<readonly ISecret[]>([]);
  const [failure, setFailure] = React.useState('');
  const act = React.useCallback(
    async (work: () => Promise<unknown>): Promise<boolean> => {
      try {
        await work();
        setSecrets(await api.list());
        setFailure('');
        return true;
      } catch (error) {
        setFailure(error instanceof Error ? error.message : String(error));
        return false;
      }
    },
    [api]
  );
  React.useEffect(() => {
    void act(() => Promise.resolve());
  }, [act]);
  return (
    <>
      <p>
        {trans.__(
          'A run that names a secret, as in secrets = ["API_KEY"], gets it as a variable. Its value can’t be read here again, and is masked in the output. Whoever may change what runs can still find ways to get at it.'
        )}
      </p>
      {failure && (
        <p className="csx-Run-notice csx-mod-error" role="alert">
          {failure}
        </p>
      )}
      <ul className="csx-Secrets-list" aria-label={trans.__('Secrets')}>
        {secrets.map(one => (
          <li key={one.name}>
            <code>{one.name}</code>
            <UsersField
              label={trans.__('Who may use %1', one.name)}
              value={one.used_by}
              trans={trans}
              onChange={used_by =>
                void act(() => api.put(one.name, { used_by }))
              }
            />
            <button
              className="csx-Button"
              aria-label={trans.__('Remove %1', one.name)}
              onClick={() => void act(() => api.remove(one.name))}
            >
              {trans.__('Remove')}
            </button>
          </li>
        ))}
      </ul>
      <NewSecret
        trans={trans}
        put={(name, value, used_by) =>
          act(() => api.put(name, { value, used_by }))
        }
      />
    </>
  );
}

interface INewSecretProps {
  readonly trans: TranslationBundle;
  readonly put: (
    name: string,
    value: string,
    users: SecretUsers
  ) => Promise<boolean>;
}

function NewSecret({ trans, put }: INewSecretProps): React.JSX.Element {
  const [name, setName] = React.useState('');
  const [value, setValue] = React.useState('');
  const [users, setUsers] = React.useState<SecretUsers>('owners');
  const isReady = name.trim() !== '' && value !== '';
  const submit = async (): Promise<void> => {
    if (await put(name.trim(), value, users)) {
      setName('');
      setValue('');
    }
  };
  return (
    <div
      className="csx-Secrets-new"
      role="group"
      aria-label={trans.__('A new secret, or a new value')}
      onKeyDown={event => {
        if (event.key === 'Enter' && event.target instanceof HTMLInputElement) {
          event.preventDefault();
          if (isReady) {
            void submit();
          }
        }
      }}
    >
      <input
        className="csx-Run-input"
        dir="ltr"
        value={name}
        spellCheck={false}
        autoComplete="off"
        aria-label={trans.__('Name of the secret')}
        placeholder="API_KEY"
        onChange={event => setName(event.target.value)}
      />
      <input
        className="csx-Run-input"
        type="password"
        dir="ltr"
        value={value}
        autoComplete="new-password"
        aria-label={trans.__('Value of the secret')}
        placeholder={trans.__('Value')}
        onChange={event => setValue(event.target.value)}
      />
      <UsersField
        label={trans.__('Who may use it')}
        value={users}
        trans={trans}
        onChange={setUsers}
      />
      <button
        className="csx-Button"
        disabled={!isReady}
        onClick={() => void submit()}
      >
        {trans.__('Put it in')}
      </button>
    </div>
  );
}

interface IUsersFieldProps {
  readonly label: string;
  readonly value: SecretUsers;
  readonly trans: TranslationBundle;
  readonly onChange: (users: SecretUsers) => void;
}

function UsersField(props: IUsersFieldProps): React.JSX.Element {
  const { label, value, trans, onChange } = props;
  const names: Record<SecretUsers, string> = {
    owners: trans.__('Owners'),
    editors: trans.__('Owners and editors')
  };
  return (
    <select
      className="csx-Preview-choice"
      aria-label={label}
      value={value}
      onChange={event => onChange(event.target.value as SecretUsers)}
    >
      {USERS.map(users => (
        <option key={users} value={users}>
          {names[users]}
        </option>
      ))}
    </select>
  );
}
