// TLS 的测试共用: 现做的自签证书
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { generate } from 'selfsigned';
import { temporaryFolder } from './harness.js';

/** 现做的自签证书 */
export async function certificate(
  t: TestContext,
): Promise<{ certFile: string; keyFile: string; cert: string }> {
  const folder = await temporaryFolder(t);
  const extensions = [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }];
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    algorithm: 'sha256',
    extensions: extensions as never,
  });
  const certFile = path.join(folder, 'cert.pem');
  const keyFile = path.join(folder, 'key.pem');
  await writeFile(certFile, pems.cert);
  await writeFile(keyFile, pems.private);
  return { certFile, keyFile, cert: pems.cert };
}
