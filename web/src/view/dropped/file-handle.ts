// 文件句柄: 只有 Chromium 有; 留着它, 刷新之后续传不必再选文件

interface HandleSource {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

/** 须在拖放或粘贴的事件里同步调用; 保证不抛错 */
export function handleOf(item: DataTransferItem): Promise<FileSystemFileHandle | undefined> {
  const pending = (item as DataTransferItem & HandleSource).getAsFileSystemHandle?.();
  // 不支持, 或不是安全的来源: 没有句柄也能发
  if (pending === undefined) return Promise.resolve(undefined);
  return pending.then(
    (handle) => (handle instanceof FileSystemFileHandle ? handle : undefined),
    () => undefined,
  );
}
