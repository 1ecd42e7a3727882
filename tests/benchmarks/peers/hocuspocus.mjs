// Hocuspocus with its SQLite extension and otherwise its own defaults.
import { Server } from '@hocuspocus/server';
import { SQLite } from '@hocuspocus/extension-sqlite';

const server = new Server({
  address: '127.0.0.1',
  port: Number(process.env.PORT),
  quiet: true,
  extensions: [new SQLite({ database: `${process.env.STORE}/documents.db` })]
});
await server.listen();
