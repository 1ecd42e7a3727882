// An OpenID Connect provider for the tests: `node identity-provider.mjs PORT CLIENTS`, with the
// clients as JSON. POST /test/people says who there is; whoever types such an id is that person.
// POST /test/swap has the next ID token exchanged for another one, as a broken or hostile provider
// would; GET /test/token gives the last one.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.cwd()}/package.json`);
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));

const [port, clients] = process.argv.slice(2);
const claims = ['name', 'given_name', 'family_name', 'picture', 'email', 'email_verified'];
let people = {};
let swap = null;
let last = null;

async function body(request) {
  const parts = [];
  for await (const part of request) {
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString());
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: JSON.parse(clients),
  claims: { openid: ['sub'], profile: claims.slice(0, 4), email: claims.slice(4) },
  // As most providers do: what is said of a person is in the ID token, too.
  conformIdTokenClaims: false,
  cookies: { keys: ['only for tests'] },
  pkce: { required: () => true },
  findAccount: (_ctx, id) =>
    id in people ? { accountId: id, claims: () => ({ sub: id, ...people[id] }) } : undefined,
  features: { devInteractions: { enabled: true } }
});
provider.use(async (ctx, next) => {
  if (ctx.path === '/test/people') {
    people = await body(ctx.req);
    ctx.body = 'known';
  } else if (ctx.path === '/test/swap') {
    swap = (await body(ctx.req)).token;
    ctx.body = 'will be swapped';
  } else if (ctx.path === '/test/token') {
    ctx.body = last;
  } else {
    await next();
    if (ctx.path === '/token' && ctx.body?.id_token) {
      last = ctx.body.id_token;
      ctx.body.id_token = swap ?? last;
      swap = null;
    }
  }
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
