// Blob -> Base64: 由浏览器自带的 FileReader 编码, 页面与 Worker 里都有

/** 错误: 文件读不了 (DOMException) */
export function toBase64(blob: Blob): Promise<string> {
  // 空文件在有的浏览器里得到 "data:" 而没有逗号
  if (blob.size === 0) return Promise.resolve('');
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      const text = typeof reader.result === 'string' ? reader.result : '';
      // 去掉 data:…;base64, 服务器也会去, 但少传几十字节
      resolve(text.slice(text.indexOf(',') + 1));
    };
    reader.onerror = () => reject(reader.error ?? new DOMException('', 'NotReadableError'));
    reader.readAsDataURL(blob);
  });
}
