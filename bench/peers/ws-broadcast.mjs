// 对照组: ws 的 README 里的广播 (含发送者自己), 一条消息只序列化一次; 不压缩
import { randomUUID } from 'node:crypto';
import WebSocket, { WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
let sequence = 0;

function envelope(frame) {
  const { name, message } = JSON.parse(frame.toString());
  sequence += 1;
  const text = JSON.stringify({
    type: 'text',
    id: randomUUID(),
    seq: sequence,
    time: Date.now(),
    name,
    message,
  });
  // 交给 send 的是 Buffer: 字符串会逐个听众再编码一遍
  return Buffer.from(text);
}

function broadcast(message) {
  for (const client of server.clients) {
    if (client.readyState === WebSocket.OPEN) client.send(message, { binary: false });
  }
}

server.on('connection', (client) => {
  client.on('error', (error) => console.error(error));
  client.on('message', (frame) => broadcast(envelope(frame)));
});
server.on('listening', () => {
  console.log(JSON.stringify({ event: 'listening', port: server.address().port }));
});
process.once('SIGTERM', () => process.exit(0));
