// 对照组: 什么也不做的 uWebSockets.js; 连上就订阅一个主题, 收到什么都不答。量的是底座自己每条连接的内存

import uWS from 'uWebSockets.js';

const app = uWS.App().ws('/ws', {
  maxPayloadLength: 2 * 1024 * 1024,
  maxBackpressure: 4 * 1024 * 1024,
  idleTimeout: 60,
  sendPingsAutomatically: true,
  compression: 0,
  open(socket) {
    socket.subscribe('room');
  },
  message() {},
});
app.listen('127.0.0.1', 0, (socket) => {
  if (socket === false) throw new Error('监听失败');
  console.log(JSON.stringify({ event: 'listening', port: uWS.us_socket_local_port(socket) }));
});
process.once('SIGTERM', () => process.exit(0));
