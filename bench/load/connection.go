package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// connection is one kept-alive HTTP/1.1 connection, as lean as it can be: the load generator shares two cores
// with the server that it measures. Bodies go out in one writev from memory that was made beforehand.
type connection struct {
	address       string
	authorization string
	socket        net.Conn
	reader        *bufio.Reader
	discard       []byte
}

type target struct {
	address       string
	authorization string
}

func newTarget(rawURL, authorization string) target {
	parsed, err := url.Parse(rawURL)
	must(err)
	return target{parsed.Host, authorization}
}

func (t target) connect() *connection {
	return &connection{address: t.address, authorization: t.authorization, discard: make([]byte, 256<<10)}
}

func (c *connection) open() {
	socket, err := net.Dial("tcp", c.address)
	must(err)
	c.socket = socket
	c.reader = bufio.NewReaderSize(socket, 64<<10)
}

// send writes one request; body parts are sent one after another under one Content-Length.
func (c *connection) send(method, path, contentType string, body ...[]byte) *http.Response {
	if c.socket == nil {
		c.open()
	}
	length := 0
	for _, part := range body {
		length += len(part)
	}
	var head strings.Builder
	fmt.Fprintf(&head, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, c.address)
	if c.authorization != "" {
		fmt.Fprintf(&head, "Authorization: %s\r\n", c.authorization)
	}
	if method == http.MethodGet {
		head.WriteString("Accept: application/vnd.oci.image.manifest.v1+json\r\n")
	} else {
		fmt.Fprintf(&head, "Content-Type: %s\r\nContent-Length: %d\r\n", contentType, length)
	}
	head.WriteString("\r\n")
	parts := net.Buffers{[]byte(head.String())}
	parts = append(parts, body...)
	_, err := parts.WriteTo(c.socket)
	must(err)
	response, err := http.ReadResponse(c.reader, &http.Request{Method: method})
	must(err)
	return response
}

// drain reads the body to its end and returns its length.
func (c *connection) drain(response *http.Response) int64 {
	var total int64
	for {
		read, err := response.Body.Read(c.discard)
		total += int64(read)
		if err == io.EOF {
			break
		}
		must(err)
	}
	c.done(response)
	return total
}

func (c *connection) text(response *http.Response) string {
	text, err := io.ReadAll(response.Body)
	must(err)
	c.done(response)
	return string(text)
}

func (c *connection) done(response *http.Response) {
	if response.Close {
		c.socket.Close()
		c.socket = nil
	}
}

// expect ends the run when a server answers anything else: a wrong answer must not count as a fast one.
func (c *connection) expect(response *http.Response, status int, what string) {
	if response.StatusCode != status {
		panic(fmt.Sprintf("%s: %s: %s", what, response.Status, c.text(response)))
	}
}

func location(response *http.Response) string {
	parsed, err := url.Parse(response.Header.Get("Location"))
	must(err)
	return parsed.RequestURI()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
