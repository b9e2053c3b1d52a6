# Agents at AWS, in any number of regions with one provider (version 6 has `region` in every resource). This module was
# never applied.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
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

data "aws_ami" "debian" {
  for_each    = toset(var.locations)
  region      = each.key
  owners      = ["136693071363"] # Debian
  most_recent = true

  filter {
    name   = "name"
    values = ["debian-12-${var.architecture}-*"]
  }
}

# A flow that a rule lets in from everywhere, and whose answers another lets out to everywhere on every port, is not
# tracked: no table of connections that a scan could fill. The machine's own rules turn connections away.
resource "aws_security_group" "untracked" {
  for_each    = toset(var.locations)
  region      = each.key
  name        = "parallax-agent"
  description = "Everything in and out, so that no connection is tracked"

  ingress {
    description      = "TCP from everywhere, untracked"
    protocol         = "tcp"
    from_port        = 0
    to_port          = 65535
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
  }

  ingress {
    description      = "UDP from everywhere, untracked: answers of name and time servers"
    protocol         = "udp"
    from_port        = 0
    to_port          = 65535
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
  }

  ingress {
    description = "ICMP: what routers quote"
    protocol    = "icmp"
    from_port   = -1
    to_port     = -1
    cidr_blocks = ["0.0.0.0/0"]
  }

  ingress {
    description      = "ICMPv6: what routers quote"
    protocol         = "icmpv6"
    from_port        = -1
    to_port          = -1
    ipv6_cidr_blocks = ["::/0"]
  }

  egress {
    description      = "Everything"
    protocol         = "-1"
    from_port        = 0
    to_port          = 0
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
  }
}

# In the default network of each region.
resource "aws_instance" "agent" {
  for_each                    = module.fleet.agents
  region                      = each.value.location
  ami                         = data.aws_ami.debian[each.value.location].id
  instance_type               = var.instance_type
  key_name                    = var.key_name
  associate_public_ip_address = true
  vpc_security_group_ids      = [aws_security_group.untracked[each.value.location].id]
  user_data_base64            = base64gzip(module.fleet.user_data[each.key])
  tags                        = { Name = each.key, application = "parallax-agent", web = each.value.port }

  # The token is in the user data: no request that somebody smuggles through a program reads it.
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_size = var.disk_gib
    volume_type = "gp3"
    encrypted   = true
  }

  # Enrolled once: new user data are for new machines.
  lifecycle {
    ignore_changes = [user_data_base64, ami]
  }
}

output "addresses" {
  description = "IPv4 addresses that probes come from, by agent."
  value       = { for name, instance in aws_instance.agent : name => instance.public_ip }
}
