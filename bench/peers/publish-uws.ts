// 对照组: 裸 uWebSockets.js 的发布循环; 每条文字套上与水闸相同的信封, 立即发布给一个主题
import uWS from 'uWebSockets.js';
import { randomUUID } from 'node:crypto';

const ROOM = 'room';
/** 积压的上限 (字节): 比水闸宽得多, 听众慢一点不会丢 */
const MAX_BACKLOG_BYTES = 16 * 1024 * 1024;

let sequence = 0;

function envelope(frame: ArrayBuffer): string {
  const { name, message } = JSON.parse(Buffer.from(frame).toString('utf8')) as Record<string, unknown>;
  sequence += 1;
  return JSON.stringify({ type: 'text', id: randomUUID(), seq: sequence, time: Date.now(), name, message });
}

const app = uWS.App().ws<object>('/*', {
  maxBackpressure: MAX_BACKLOG_BYTES,
  idleTimeout: 120,
  open: (socket) => {
    socket.subscribe(ROOM);
  },
  message: (_socket, frame) => {
    app.publish(ROOM, envelope(frame));
  },
});
app.listen('127.0.0.1', 0, (socket) => {
  if (socket === false) throw new Error('监听失败');
  console.log(JSON.stringify({ event: 'listening', port: uWS.us_socket_local_port(socket) }));
});
process.once('SIGTERM', () => process.exit(0));
