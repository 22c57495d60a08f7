// An OpenID Connect provider: node openid.js PORT REDIRECT
// Whoever says who they are is believed; the address of "stranger" is not verified.
import Provider from "oidc-provider";

const [port, redirect] = process.argv.slice(2);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "parley",
      client_secret: "an openid secret",
      application_type: "native",
      redirect_uris: [redirect],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  pkce: { required: () => true },
  scopes: ["openid", "profile", "email"],
  claims: { openid: ["sub"], profile: ["name", "preferred_username"], email: ["email", "email_verified"] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      name: `${id} of the provider`,
      preferred_username: id,
      email: `${id}@example.org`,
      email_verified: id !== "stranger",
    }),
  }),
});
provider.listen(Number(port), "127.0.0.1");
