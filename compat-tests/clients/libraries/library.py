# The job of every client library (see test_libraries.py), with spvisorctl's. Arguments: port.
import sys

from spvisorctl.rpc_client import APIFault, SupervisordRPC

with SupervisordRPC("127.0.0.1", int(sys.argv[1]), "operator", "s3cret") as server:
    print("list:", *(f"{each.group}:{each.name}={each.statename}" for each in server.get_all_process_info()))
    print("stop:", str(server.stop_process("alpha")).lower())
    print("state:", server.get_process_info("alpha").statename)
    print("start:", str(server.start_process("alpha")).lower())
    try:
        server.start_process("alpha")
    except APIFault as fault:
        print(f"fault: {fault.fault_code} {fault.fault_string}")
    text, _, overflow = server.tail_process_stdout_log("talk", 0, 1024)
    print("tail:", text.strip().replace("\n", "|"), str(overflow).lower())
    calls = [("supervisor.getState", []), ("supervisor.getProcessInfo", ["nobody"])]
    state, wrong = server.multicall([{"methodName": name, "params": params} for name, params in calls])
    print("multicall:", state["statename"], wrong["faultCode"], wrong["faultString"])
