// Hocuspocus in its usual set-up, without storage. PORT is the port to listen on.
import { Server } from '@hocuspocus/server'
new Server({ port: Number(process.env.PORT), address: '127.0.0.1', quiet: true }).listen()
