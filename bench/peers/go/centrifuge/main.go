// 对照组: centrifuge (Centrifugo 的内核) 的一个频道, 照它的 README 写; JSON 协议, 不留历史, 不记在线, 不报进出
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/google/uuid"
)

const room = "room"

type said struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

// 与水闸的广播相同的字段, 相同的次序
type broadcast struct {
	Type    string `json:"type"`
	ID      string `json:"id"`
	Seq     uint64 `json:"seq"`
	Time    int64  `json:"time"`
	Name    string `json:"name"`
	Message string `json:"message"`
}

var sequence atomic.Uint64

func envelope(data []byte) ([]byte, error) {
	var text said
	if err := json.Unmarshal(data, &text); err != nil {
		return nil, err
	}
	return json.Marshal(broadcast{"text", uuid.NewString(), sequence.Add(1), time.Now().UnixMilli(), text.Name, text.Message})
}

func publish(node *centrifuge.Node, data []byte) (centrifuge.PublishReply, error) {
	message, err := envelope(data)
	if err != nil {
		return centrifuge.PublishReply{}, centrifuge.ErrorBadRequest
	}
	result, err := node.Publish(room, message)
	return centrifuge.PublishReply{Result: &result}, err
}

// 匿名用户: 中间件给出空的凭据
func anonymous(next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		credentials := centrifuge.SetCredentials(request.Context(), &centrifuge.Credentials{})
		next.ServeHTTP(response, request.WithContext(credentials))
	})
}

// 参数: WriteDelay 的毫秒数, 0 为默认 (不攒)
func main() {
	delayMs, err := strconv.Atoi(os.Args[1])
	check(err)
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelNone})
	check(err)
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		reply := centrifuge.ConnectReply{Subscriptions: map[string]centrifuge.SubscribeOptions{room: {}}}
		if delayMs > 0 {
			// 它的文档给高频频道的配法: 攒一会儿一起写, 一帧不限条数
			reply.WriteDelay = time.Duration(delayMs) * time.Millisecond
			reply.WriteWithTimer = true
			reply.MaxMessagesInFrame = -1
		}
		return reply, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnPublish(func(event centrifuge.PublishEvent, done centrifuge.PublishCallback) {
			done(publish(node, event.Data))
		})
	})
	check(node.Run())
	// 不发 ping: 它会与消息并在一帧里, 收方便不能按字节核对; 省下的这点对它有利
	pings := centrifuge.PingPongConfig{PingInterval: -1, PongTimeout: -1}
	handler := centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{PingPongConfig: pings})
	http.Handle("/connection/websocket", anonymous(handler))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Printf("{\"event\":\"listening\",\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	check(http.Serve(listener, nil))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
