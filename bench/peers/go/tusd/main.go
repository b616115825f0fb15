// 对照组: tusd 的处理器与文件存储, 照它的文档 (把 tusd 嵌入 Go 程序) 写
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/tus/tusd/v2/pkg/filelocker"
	"github.com/tus/tusd/v2/pkg/filestore"
	"github.com/tus/tusd/v2/pkg/handler"
)

// 参数: 存储目录
func main() {
	composer := handler.NewStoreComposer()
	filestore.New(os.Args[1]).UseIn(composer)
	filelocker.New(os.Args[1]).UseIn(composer)
	uploads, err := handler.NewHandler(handler.Config{BasePath: "/files/", StoreComposer: composer})
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	http.Handle("/files/", http.StripPrefix("/files/", uploads))
	fmt.Printf("{\"event\":\"listening\",\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, nil))
}
