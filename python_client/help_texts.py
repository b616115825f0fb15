"""--help 的正文: 命令行的使用手册; 测试核对它与 arguments.py 的选项一个不差。"""

from __future__ import annotations

_COMMON = """\
通用选项 (写在子命令之前或之后都可以):
  --url URL             服务器地址, 例如 http://192.168.1.5:3000
                        缺省是上次的; 没有则是 http://localhost:3000
  --name NAME           聊天里的名字, 1 到 32 个字
  --log-level LEVEL     日志写到 stderr: debug, info, warning (缺省), error
  --config-folder DIR   记住名字, 地址与续传进度的文件夹, 缺省是
                          Windows  %APPDATA%\\Sluice
                          macOS    ~/Library/Application Support/Sluice
                          其他     $XDG_CONFIG_HOME/sluice 或 ~/.config/sluice
  -h, --help            显示这份说明

环境变量 (同名的选项优先):
  SLUICE_CLIENT_URL, SLUICE_CLIENT_NAME, SLUICE_CLIENT_LOG_LEVEL,
  SLUICE_CLIENT_CONFIG_FOLDER
  SSL_CERT_FILE         服务器的证书是自签的: 信任这个文件里的, 例如 /路径/cert.pem
"""

_WAITING = """\
  --connect-timeout SECONDS
                        开始时最多等多久连上, 缺省 15
  --timeout SECONDS     {timeout}
"""

_SEND_TIMEOUT = """\
中途断线后最多等多久恢复, 在线时最多等多久
                        没有确认也没有进展; 0 为一直等, 缺省 300"""
_RECEIVE_TIMEOUT = "中途断线后最多等多久恢复, 0 为一直等; 缺省 0"

WINDOW = f"""\
用法: python -m python_client [选项]
      python -m python_client send [选项] 文件 ...
      python -m python_client recv [选项]
      python -m python_client search [选项] QUERY

水闸的桌面客户端。不写子命令就打开聊天窗口。

子命令 (供脚本与机器人使用, 各有 --help):
  send                  发送文件或文字, 每一个都得到服务器确认后结束
  recv                  逐行输出聊天消息, 保存收到的文件
  search                搜索聊天记录

{_COMMON}
  --version             显示版本

例子:
  python -m python_client --url http://192.168.1.5:3000 --name 张三
  python -m python_client send 报告.pdf --name 张三
  python -m python_client recv --name 记录员 --folder 收到的文件

退出码: 0 正常, 2 参数或环境不对。
"""

SEND = f"""\
用法: python -m python_client send [选项] 文件 ...
      python -m python_client send --message TEXT [选项]

把文件 (以及一条文字) 按次序发到聊天里, 每一个都得到服务器确认后结束。
断线与服务器重启时等它恢复, 从断点继续; 中断之后再运行同一条命令, 也从断点继续
(进度记在配置文件夹里; 文件在其间改动过则从头发送)。
服务器已有同样的内容时不再传, stderr 上说 "秒传"。
没有写 --name 时用上次的名字, 或系统的用户名。以 - 开头的文件名写在 -- 之后。

选项:
  --message TEXT        先发这一条文字
{_WAITING.format(timeout=_SEND_TIMEOUT)}
{_COMMON}
输出: stdout 上每发好一个就有一行 JSON, 字段同线上协议:
  {{"type":"file","id":…,"name":…,"originalName":…,"url":…,"size":…,"sha256":…,"path":…}}
  {{"type":"text","name":…,"message":…}}
服务器改了文件名的另有 "renamedFrom": 本地的那个名字。stderr 上是进度与说明。

退出码:
  0     全部发送成功
  1     有的没有发成 (其余的照发), stderr 上说明是哪一个, 为什么
  2     参数或环境不对, 例如文件不存在; 什么都没有发
  3     连不上服务器, 断线太久, 或服务器一直不确认
  4     名字不能用, 例如正有人使用
  130   被 Ctrl+C 中断 (143: 被 SIGTERM), 再运行一次会继续

例子:
  python -m python_client send 电影.mkv --url http://192.168.1.5:3000 --name 张三
  python -m python_client send --message "构建完成" build.log --name 构建机
"""

RECEIVE = f"""\
用法: python -m python_client recv [选项]

加入聊天, 每条消息输出一行 JSON, 并把收到的文件存进文件夹。
一直运行到中断; 断线与服务器重启之后自己重连, 期间的消息也会补上, 不重不漏。
别人还在上传的文件, 传完才输出与保存。
没有写 --name 时用上次的名字, 或系统的用户名。

选项:
  --folder DIR          文件存到哪里, 没有则建立; 缺省 sluice-files
  --no-files            不保存文件, 只输出消息
  --count N             收到 N 条消息 (文字与文件), 文件都存好之后结束
  --idle SECONDS        这么久没有新消息, 下载也没有进展, 就结束
  --history             先输出加入之前的消息, 最近的至多 50 条
  --presence            也输出谁来了, 谁走了 (不算在 --count 里)
{_WAITING.format(timeout=_RECEIVE_TIMEOUT)}
{_COMMON}
输出: stdout 上每条消息一行 JSON, 字段同线上协议, 立即写出:
  {{"type":"text","id":…,"seq":…,"time":…,"name":…,"message":…,"from":…}}
  {{"type":"file","id":…,"seq":…,"time":…,"name":…,"originalName":…,"url":…,"size":…,…}}
  {{"type":"user_update","action":"join","name":…}}          只在 --presence 时
文件存好 (SHA-256 已核对) 或没有存成之后再有一行:
  {{"type":"saved","id":…,"path":…,"sha256":…,"size":…}}
  {{"type":"save_failed","id":…,"originalName":…,"code":…,"message":…}}
stderr 上是进度与说明。

文件名是发送者的原名, 去掉这个系统不能用的字符; 已有同名的文件时加上 (2)。
已有的文件内容相同 (大小与 SHA-256) 就不再下载。没有下载完的留着 .part,
再用 recv --history 收到同一个文件时从那里继续。

退出码:
  0     到了 --count 或 --idle, 文件都已存好; 或 stdout 的读者先离开了
  1     有文件没有存成
  2     参数或环境不对, 例如文件夹不能写
  3     连不上服务器, 或断线超过 --timeout
  4     名字不能用, 例如正有人使用
  130   被 Ctrl+C 中断 (143: 被 SIGTERM)

例子:
  python -m python_client recv --url http://192.168.1.5:3000 --name 记录员
  python -m python_client recv --history --idle 5 --folder 备份 --name 备份机
  python -m python_client recv --no-files | jq -r 'select(.type=="text").message'
"""

SEARCH = f"""\
用法: python -m python_client search [选项] QUERY

在全部聊天记录里找合乎 QUERY 的消息, 新的在前。不加入聊天, 所以不需要名字, 别人也看不到进出。
以 - 开头的搜索词写在 -- 之后。

QUERY 在正文与文件名里找, 大小写, 全角半角, 字母的附加符号都不计 (cafe 找得到 Café), 一个字也可以:
  评审 会议室           两个词都要有, 次序不限
  '"评审 会议室"'       引号里的连着; 外面一层引号给命令行
  from:李雷             他发的; 名字里有空格写成 'from:"张 三"'
  has:file              带文件的; 还有 has:image has:video has:audio has:document has:link
  before:2026-11-01     那天零点之前的
  after:2026-11-01      那天零点起的; 日期按这台机器的时区

选项:
  --limit N             至多输出几条, 缺省 20
  --before SEQ          只要这个 seq 之前的: 接着上一次的最后一条往前找
{_COMMON}
输出: stdout 上每条一行 JSON, 字段同 recv 的:
  {{"type":"text","id":…,"seq":…,"time":…,"name":…,"message":…,"from":…}}
  {{"type":"file","id":…,"seq":…,"time":…,"name":…,"originalName":…,"url":…,"size":…,…}}

退出码:
  0     搜过了, 哪怕一条也没有 (stderr 上说一声); 或 stdout 的读者先离开了
  1     服务器不能搜索, 或拒绝了
  2     参数或环境不对
  3     连不上服务器
  130   被 Ctrl+C 中断 (143: 被 SIGTERM)

例子:
  python -m python_client search 会议纪要 --url http://192.168.1.5:3000
  python -m python_client search --limit 100 .pdf | jq -r .url
"""
