// The job of every client library (see test_libraries.py), with kolo/xmlrpc. Arguments: port.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/kolo/xmlrpc"
)

type process struct {
	Name      string `xmlrpc:"name"`
	Group     string `xmlrpc:"group"`
	StateName string `xmlrpc:"statename"`
}

type call struct {
	MethodName string   `xmlrpc:"methodName"`
	Params     []string `xmlrpc:"params"`
}

func main() {
	server, err := xmlrpc.NewClient("http://operator:s3cret@127.0.0.1:"+os.Args[1]+"/RPC2", nil)
	check(err)

	var all []process
	check(server.Call("supervisor.getAllProcessInfo", nil, &all))
	var list []string
	for _, p := range all {
		list = append(list, p.Group+":"+p.Name+"="+p.StateName)
	}
	fmt.Println("list:", strings.Join(list, " "))

	var done bool
	check(server.Call("supervisor.stopProcess", []interface{}{"alpha", true}, &done))
	fmt.Println("stop:", done)
	var one process
	check(server.Call("supervisor.getProcessInfo", "alpha", &one))
	fmt.Println("state:", one.StateName)
	check(server.Call("supervisor.startProcess", []interface{}{"alpha", true}, &done))
	fmt.Println("start:", done)
	fault := server.Call("supervisor.startProcess", "alpha", &done)
	fmt.Println("fault:", fault)

	var tail []interface{}
	check(server.Call("supervisor.tailProcessStdoutLog", []interface{}{"talk", 0, 100}, &tail))
	fmt.Println("tail:", strings.Join(strings.Split(strings.TrimSpace(tail[0].(string)), "\n"), "|"), tail[2])

	var several []map[string]interface{}
	check(server.Call("system.multicall", []interface{}{[]call{
		{"supervisor.getState", []string{}},
		{"supervisor.getProcessInfo", []string{"nobody"}},
	}}, &several))
	fmt.Println("multicall:", several[0]["statename"], several[1]["faultCode"], several[1]["faultString"])
}

func check(err error) {
	if err != nil {
		fmt.Println("unexpected:", err)
		os.Exit(1)
	}
}
