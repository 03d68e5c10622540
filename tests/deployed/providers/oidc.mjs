// A real OpenID Connect provider (oidc-provider) on loopback: node oidc.mjs SETTINGS.json prints its address.
// SETTINGS: { redirect, accounts: { name: claims }, inIdToken } ; a person signs in with the name and any password.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const { redirect, accounts, inIdToken } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'plainview', client_secret: 'a secret of the client', redirect_uris: [redirect] }],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: '1' }] },
    cookies: { keys: ['a key of tests'] },
    claims: { openid: ['sub', 'tid'], email: ['email', 'email_verified', 'hd'], profile: ['preferred_username'] },
    conformIdTokenClaims: !inIdToken,
    pkce: { required: () => true },
    findAccount: (_, name) => ({ accountId: name, claims: () => ({ sub: name, ...accounts[name] }) }),
  });
  server.on('request', provider.callback());
  process.stdout.write(`${issuer}\n`);
});
