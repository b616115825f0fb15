// 对照组: Socket.IO 的 io.emit; 只用 WebSocket 传输, 不压缩, 丢开握手请求, 即它的文档里不用原生扩展的最快写法
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
let sequence = 0;

// 它的 "性能调优" 一页: 握手请求留着也没有用, 放掉省内存
io.engine.on('connection', (raw) => {
  raw.request = null;
});
io.on('connection', (socket) => {
  socket.on('text', ({ name, message }) => {
    sequence += 1;
    io.emit('text', { type: 'text', id: randomUUID(), seq: sequence, time: Date.now(), name, message });
  });
});
http.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ event: 'listening', port: http.address().port }));
});
process.once('SIGTERM', () => process.exit(0));
