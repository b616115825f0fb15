// 浏览器留着的文件句柄 (拖放得到的): 刷新之后可以不再选文件

/** Chromium 有, TypeScript 的库里还没有 */
interface PermissionedHandle extends FileSystemFileHandle {
  queryPermission?(descriptor: { mode: 'read' }): Promise<PermissionState>;
  requestPermission?(descriptor: { mode: 'read' }): Promise<PermissionState>;
}

/**
 * 句柄 -> 文件; 没有授权, 文件已不在则为 undefined。
 * ask 为 true 时会问用户, 须在用户操作里同步调用
 */
export async function openHandle(
  handle: PermissionedHandle,
  { ask }: { readonly ask: boolean },
): Promise<File | undefined> {
  const descriptor = { mode: 'read' } as const;
  try {
    const asked = ask ? handle.requestPermission?.(descriptor) : handle.queryPermission?.(descriptor);
    return (await asked) === 'granted' ? await handle.getFile() : undefined;
  } catch (error) {
    // NotFoundError: 文件移走了; SecurityError: 不在用户操作里。都只能请用户再选
    console.debug('文件句柄不可用', error);
    return undefined;
  }
}

/** File 是快照: 磁盘上的文件改动, 移走之后就再也读不了 */
export async function canRead(file: File | undefined): Promise<boolean> {
  try {
    await file?.slice(0, 1).arrayBuffer();
    return file !== undefined;
  } catch {
    // 读不了就是答案
    return false;
  }
}
