// 读线程的入口: 消息转给 Reader
import { parentPort, workerData } from 'node:worker_threads';
import { yieldToMainThread } from '../background-thread.js';
import { Reader } from './reader.js';
import type { ReaderBatch, ReaderOptions, ReaderReply } from './reader-messages.js';

function post(reply: ReaderReply): void {
  parentPort?.postMessage(reply);
}

yieldToMainThread();
try {
  const reader = new Reader(workerData as ReaderOptions, post);
  parentPort?.on('message', (batch: ReaderBatch) => {
    if (batch !== 'stop') {
      reader.receive(batch);
      return;
    }
    reader.close();
    // 不再收消息, 线程随之结束
    parentPort?.close();
  });
  post({ kind: 'opened' });
} catch (error) {
  post({ kind: 'refused', reason: error instanceof Error ? error.message : String(error) });
}
