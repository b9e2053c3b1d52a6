# Agents at Hetzner Cloud. Hetzner locks servers that scan: ask first (docs/deploy.md). This module was never applied.
terraform {
  required_version = ">= 1.5"
  required_providers {
    hcloud = {
      source  = "hetznercloud/hcloud"
      version = "~> 1.50"
    }
  }
}

module "fleet" {
  source             = "../fleet"
  i_have_permission  = var.i_have_permission
  locations          = var.locations
  pools              = var.pools
  token              = var.token
  package            = var.package
  node_sha256        = var.node_sha256
  contact            = var.contact
  packets_per_second = var.packets_per_second
  administrators     = var.administrators
}

# No hcloud_firewall: it would keep a state for each probe. The machine's own rules turn connections away.
resource "hcloud_server" "agent" {
  for_each    = module.fleet.agents
  name        = each.key
  location    = each.value.location
  server_type = var.server_type
  image       = "debian-12"
  ssh_keys    = var.ssh_keys
  user_data   = module.fleet.user_data[each.key]
  labels      = { application = "parallax-agent", web = each.value.port }

  public_net {
    ipv4_enabled = true
    ipv6_enabled = true
  }

  # Enrolled once: new user data are for new machines.
  lifecycle {
    ignore_changes = [user_data]
  }
}

# Whoever finds a probe in a log looks its address up.
resource "hcloud_rdns" "agent" {
  for_each   = var.reverse_dns_suffix == null ? {} : hcloud_server.agent
  server_id  = each.value.id
  ip_address = each.value.ipv4_address
  dns_ptr    = "${each.key}.${var.reverse_dns_suffix}"
}

output "addresses" {
  description = "IPv4 addresses that probes come from, by agent."
  value       = { for name, server in hcloud_server.agent : name => server.ipv4_address }
}
