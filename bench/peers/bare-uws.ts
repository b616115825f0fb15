// 对照组: 最少的 uWebSockets.js 聊天室; 文字照转, 文件内容只数字节不落盘, 是同一底座能达到的上限

import uWS from 'uWebSockets.js';
import { randomUUID } from 'node:crypto';

const CHUNK_HEAD_BYTES = 25;
const CHUNK_BYTES = 262_144;
const WINDOW_BYTES = 4_194_304;
const ROOM = 'room';
const EQUALS = '='.charCodeAt(0);
const BASE64_CHUNK_START = '{"type":"file_chunk"';

interface Connection {
  uploadId: string;
  receivedBytes: number;
}

type Socket = uWS.WebSocket<Connection>;

interface ClientJson {
  readonly type: string;
  readonly name?: string;
  readonly message?: string;
}

let sequence = 0;

function onJson(socket: Socket, message: ClientJson): void {
  const state = socket.getUserData();
  switch (message.type) {
    case 'user_update':
      socket.subscribe(ROOM);
      socket.send(JSON.stringify({ type: 'welcome', name: message.name, session: 'bare', online: 1 }));
      return;
    case 'text':
      sequence += 1;
      publish({ type: 'text', id: randomUUID(), seq: sequence, time: Date.now(), ...echoed(message) });
      return;
    case 'file_start':
      state.uploadId = randomUUID();
      state.receivedBytes = 0;
      socket.send(JSON.stringify({ type: 'file_ready', uploadId: state.uploadId, offset: 0, ...limits }));
      return;
    case 'file_end':
      socket.send(JSON.stringify({ type: 'file_done', uploadId: state.uploadId, size: state.receivedBytes }));
      return;
    case 'file_cancel':
      socket.send(JSON.stringify({ type: 'file_cancelled', uploadId: state.uploadId }));
      return;
    default:
  }
}

const limits = { chunkBytes: CHUNK_BYTES, windowBytes: WINDOW_BYTES };

function echoed(message: ClientJson): { name: string | undefined; message: string | undefined } {
  return { name: message.name, message: message.message };
}

function publish(message: object): void {
  app.publish(ROOM, JSON.stringify(message));
}

/** 不解码, 只由长度推算: 收 Base64 的服务器至少要做这么多 */
function base64ChunkBytes(text: Buffer): number {
  const dataStart = text.indexOf('"data":"') + 8;
  const padding = text.at(-3) === EQUALS ? (text.at(-4) === EQUALS ? 2 : 1) : 0;
  return ((text.length - 2 - dataStart) / 4) * 3 - padding;
}

function onChunk(socket: Socket, bytes: number): void {
  const state = socket.getUserData();
  state.receivedBytes += bytes;
  socket.send(JSON.stringify({ type: 'file_ack', uploadId: state.uploadId, offset: state.receivedBytes }));
}

const behavior: uWS.WebSocketBehavior<Connection> = {
  maxPayloadLength: 2 * 1024 * 1024,
  maxBackpressure: 16 * 1024 * 1024,
  idleTimeout: 120,
  upgrade(response, request, context) {
    response.upgrade<Connection>(
      { uploadId: '', receivedBytes: 0 },
      request.getHeader('sec-websocket-key'),
      request.getHeader('sec-websocket-protocol'),
      request.getHeader('sec-websocket-extensions'),
      context,
    );
  },
  message(socket, bytes, isBinary) {
    const frame = Buffer.from(bytes);
    if (isBinary) onChunk(socket, frame.length - CHUNK_HEAD_BYTES);
    else if (frame.toString('latin1', 0, BASE64_CHUNK_START.length) === BASE64_CHUNK_START) {
      onChunk(socket, base64ChunkBytes(frame));
    } else onJson(socket, JSON.parse(frame.toString('utf8')) as ClientJson);
  },
};

/** 正文收完即答 201; 内容不看 */
function onPost(response: uWS.HttpResponse): void {
  response.onAborted(() => {});
  response.onData((_part, isLast) => {
    if (!isLast) return;
    response.cork(() => response.writeStatus('201 Created').end('{"files":[{}]}'));
  });
}

const app = uWS
  .App()
  .ws<Connection>('/ws', behavior)
  .ws<Connection>('/ws/transfer', behavior)
  .post('/api/files', onPost);
app.listen('127.0.0.1', 0, (socket) => {
  if (socket === false) throw new Error('监听失败');
  console.log(JSON.stringify({ event: 'listening', port: uWS.us_socket_local_port(socket) }));
});
process.once('SIGTERM', () => process.exit(0));
