// An OpenID Connect provider for the tests: `node identity-provider.mjs PORT CLIENTS PEOPLE`, the
// last two as JSON. Whoever types a person's id is that person; a consent is given with a click.
// For each token it hands out it takes what PEOPLE says of the person as it is: also what isn't true.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.cwd()}/package.json`);
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));

const [port, clients, people] = process.argv.slice(2);
const known = new Map(Object.entries(JSON.parse(people)));
const claims = ['name', 'given_name', 'family_name', 'picture', 'email', 'email_verified'];

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: JSON.parse(clients),
  claims: { openid: ['sub'], profile: claims.slice(0, 4), email: claims.slice(4) },
  // As most providers do: what is said of a person is in the ID token, too.
  conformIdTokenClaims: false,
  cookies: { keys: ['only for tests'] },
  pkce: { required: () => true },
  findAccount: (_ctx, id) =>
    known.has(id) ? { accountId: id, claims: () => ({ sub: id, ...known.get(id) }) } : undefined,
  features: { devInteractions: { enabled: true } }
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
