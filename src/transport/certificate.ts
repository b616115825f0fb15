// 证书与私钥的预检: uWS 只会说 "App construction failed", 不说是哪个文件, 为什么
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** 错误: 一行中文, 指明哪个文件; 读不了, 不是 PEM, 私钥与证书不相配 */
export function checkCertificate({ certFile, keyFile }: TlsFiles): void {
  const cert = read('证书', certFile);
  const key = read('私钥', keyFile);
  attempt(`TLS 证书 ${certFile} 不是合法的 PEM 证书`, () => createSecureContext({ cert }));
  attempt(`TLS 私钥 ${keyFile} 不是合法的 PEM 私钥, 或与证书不相配`, () =>
    createSecureContext({ cert, key }),
  );
}

function read(what: string, file: string): Buffer {
  return attempt(`读不了 TLS ${what} ${file}`, () => readFileSync(file));
}

function attempt<T>(complaint: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${complaint}: ${reason}`);
  }
}
