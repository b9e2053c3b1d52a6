# Which machines there are and what each does first: the same for every provider, and nothing of any of them.
terraform {
  required_version = ">= 1.5"
}

locals {
  agents = merge([
    for location in var.locations : merge([
      for port, count in var.pools : {
        for number in range(count) :
        "${location}-${port}-${number + 1}" => { location = location, port = port }
      }
    ]...)
  ]...)
}
