// 读线程的入口: 消息转给 Reader
import { parentPort, workerData } from 'node:worker_threads';
import { Reader } from './reader.js';
import type { ReaderOptions, ReaderReply, ReaderRequest } from './reader-messages.js';

function post(reply: ReaderReply): void {
  parentPort?.postMessage(reply);
}

try {
  const reader = new Reader(workerData as ReaderOptions, post);
  parentPort?.on('message', (request: ReaderRequest | 'stop') => {
    if (request !== 'stop') {
      reader.receive(request);
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
