"""Configures how a VM is recovered: its priority, delays, and the addresses that it gets at the recovery site."""

from settings import arguments, session

FIND = """
query Find($name: String!) {
  vms(filter: { name: $name }, first: 100) {
    nodes { id name recoverySettings { version } }
  }
}"""

CONFIGURE = """
mutation Configure($input: ConfigureVmRecoverySettingsInput!) {
  configureVmRecoverySettings(input: $input) {
    ... on ConfigureVmRecoverySettingsPayload {
      vm {
        name
        recoverySettings {
          priority startupDelaySeconds shutdownDelaySeconds ipCustomizationEnabled
          ipCustomizationRules { nicIndex sourceIp targetIp prefixLength targetGateway targetDnsServers targetDnsSuffix }
        }
      }
    }
    ... on Error { code message remedy }
    ... on InvalidRequestError { fieldErrors { path message } }
    ... on ConflictError { version }
  }
}"""


def find_vm(gateway, name):
    vms = gateway.execute(FIND, {"name": name})["vms"]["nodes"]
    vm = next((vm for vm in vms if vm["name"].lower() == name.lower()), None)
    if vm is None:
        raise SystemExit(f"There is no VM {name!r}.")
    return vm


def changes_of(options):
    """Only what was given: what is left out stays as it is."""
    given = {
        "priority": options.priority,
        "startupDelaySeconds": options.startup_delay,
        "shutdownDelaySeconds": options.shutdown_delay,
    }
    if options.target_ip:
        rule = {
            "nicIndex": options.nic,
            "sourceIp": options.source_ip,
            "targetIp": options.target_ip,
            "targetSubnetMask": options.target_subnet_mask,
            "targetGateway": options.target_gateway,
            "targetDnsServers": options.target_dns_server,
            "targetDnsSuffix": options.target_dns_suffix,
        }
        given["ipCustomization"] = {"enabled": True, "rules": [{name: value for name, value in rule.items() if value is not None}]}
    return {name: value for name, value in given.items() if value is not None}


def configure(gateway, options):
    vm = find_vm(gateway, options.vm)
    # With the version that was read, nobody else's change in between is lost: it would be CONFLICT.
    change = {"vmId": vm["id"], "expectedVersion": vm["recoverySettings"]["version"], **changes_of(options)}
    return gateway.execute(CONFIGURE, {"input": change})["configureVmRecoverySettings"]["vm"]


def options_of():
    parser = arguments(__doc__)
    parser.add_argument("vm", help="the VM's name")
    parser.add_argument("--priority", choices=["LOWEST", "LOW", "NORMAL", "HIGH", "HIGHEST"])
    parser.add_argument("--startup-delay", type=int, metavar="SECONDS")
    parser.add_argument("--shutdown-delay", type=int, metavar="SECONDS")
    parser.add_argument("--nic", type=int, help="position of the adapter, from 0")
    parser.add_argument("--source-ip")
    parser.add_argument("--target-ip")
    parser.add_argument("--target-subnet-mask")
    parser.add_argument("--target-gateway")
    parser.add_argument("--target-dns-server", action="append", metavar="ADDRESS", help="may be given several times")
    parser.add_argument("--target-dns-suffix")
    return parser.parse_args()


if __name__ == "__main__":
    options = options_of()
    with session(options) as gateway:
        vm = configure(gateway, options)
        settings = vm["recoverySettings"]
        print(f"{vm['name']}: priority {settings['priority']}")
        print(f"  Startup delay: {settings['startupDelaySeconds']} s, shutdown delay: {settings['shutdownDelaySeconds']} s")
        for rule in settings["ipCustomizationRules"]:
            print(f"  {rule['sourceIp'] or 'adapter'} -> {rule['targetIp'] or 'DHCP'}/{rule['prefixLength']}, gateway {rule['targetGateway']}")
