// y-websocket's own server with its LevelDB store, as its README starts it.
process.env.HOST = '127.0.0.1';
process.env.YPERSISTENCE = process.env.STORE;
await import('./node_modules/y-websocket/bin/server.js');
