// 写线程的入口: 消息转给 Writer
import { parentPort, workerData } from 'node:worker_threads';
import { HistoryError } from './history-error.js';
import { Writer } from './writer.js';
import type { WriterOptions, WriterReply, WriterRequest } from './writer-messages.js';

const early: WriterRequest[] = [];
let writer: Writer | undefined;

function post(reply: WriterReply): void {
  parentPort?.postMessage(reply);
}

parentPort?.on('message', (request: WriterRequest) => {
  // 补预写文件时就来的消息: 打开之后再处理
  if (writer === undefined) early.push(request);
  else writer.receive(request);
});

try {
  writer = await Writer.open(workerData as WriterOptions, post);
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  post({ kind: 'refused', reason, ...(error instanceof HistoryError ? { problem: error.problem } : {}) });
}
if (writer !== undefined) {
  for (const request of early.splice(0)) writer.receive(request);
  await writer.run();
}
// 不再收消息, 线程随之结束
parentPort?.close();
