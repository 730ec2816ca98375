// SPDX-License-Identifier: MIT

// echo_go.go - an echo server of Go: a goroutine a connection.
//
// On one processor, as all others.  io.Copy() would splice from socket to
// socket, which takes more system calls for small requests.

package main

import (
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

const listening = 3

func serve(connection net.Conn) {
	defer connection.Close()
	buffer := make([]byte, 8192)
	for {
		n, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if _, err = connection.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	over := make(chan os.Signal, 1)
	signal.Notify(over, syscall.SIGTERM)
	go func() {
		<-over
		os.Exit(0)
	}()
	listener, err := net.FileListener(os.NewFile(listening, "listening"))
	if err != nil {
		panic(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go serve(connection)
	}
}
