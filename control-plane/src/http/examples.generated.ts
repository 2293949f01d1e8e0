// Written by test/api/examples.test.ts (npm run generate).
export const EXAMPLES = {
  "PUT /api/v1/account/password": {
    "request": {
      "current": "what it was until now",
      "new": "correct horse battery staple"
    },
    "answers": {}
  },
  "POST /api/v1/sites": {
    "answers": {
      "201": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000001",
          "name": "oslo",
          "agents": {
            "total": 0,
            "connected": 0,
            "silent": 0,
            "down": 0,
            "unknown": 0
          },
          "virtualRouters": {
            "total": 0,
            "served": 0,
            "splitBrain": 0,
            "noActive": 0,
            "unknown": 0
          },
          "lastFailoverAt": null
        }
      }
    },
    "request": {
      "name": "oslo"
    }
  },
  "PATCH /api/v1/sites/{id}": {
    "answers": {
      "200": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000001",
          "name": "bergen",
          "agents": {
            "total": 0,
            "connected": 0,
            "silent": 0,
            "down": 0,
            "unknown": 0
          },
          "virtualRouters": {
            "total": 0,
            "served": 0,
            "splitBrain": 0,
            "noActive": 0,
            "unknown": 0
          },
          "lastFailoverAt": null
        }
      }
    },
    "request": {
      "name": "bergen"
    }
  },
  "GET /api/v1/sites/{id}": {
    "answers": {
      "200": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000002",
          "name": "paris",
          "agents": {
            "total": 2,
            "connected": 0,
            "silent": 0,
            "down": 0,
            "unknown": 0
          },
          "virtualRouters": {
            "total": 1,
            "served": 0,
            "splitBrain": 0,
            "noActive": 0,
            "unknown": 1
          },
          "lastFailoverAt": "2026-11-22T20:01:00.000Z"
        }
      }
    }
  },
  "GET /api/v1/sites": {
    "answers": {
      "200": {
        "application/json": {
          "items": [
            {
              "id": "0199c0de-0000-7000-8000-000000000001",
              "name": "bergen",
              "agents": {
                "total": 0,
                "connected": 0,
                "silent": 0,
                "down": 0,
                "unknown": 0
              },
              "virtualRouters": {
                "total": 0,
                "served": 0,
                "splitBrain": 0,
                "noActive": 0,
                "unknown": 0
              },
              "lastFailoverAt": null
            },
            {
              "id": "0199c0de-0000-7000-8000-000000000002",
              "name": "paris",
              "agents": {
                "total": 2,
                "connected": 0,
                "silent": 0,
                "down": 0,
                "unknown": 0
              },
              "virtualRouters": {
                "total": 1,
                "served": 0,
                "splitBrain": 0,
                "noActive": 0,
                "unknown": 1
              },
              "lastFailoverAt": "2026-11-22T20:01:00.000Z"
            }
          ],
          "nextCursor": null
        }
      }
    }
  },
  "POST /api/v1/users": {
    "answers": {
      "201": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000003",
          "name": "ann",
          "grants": [
            {
              "role": "operator",
              "sites": [
                "paris"
              ]
            }
          ],
          "grantsFrom": "admin",
          "hasPassword": true,
          "providers": [],
          "createdAt": "2026-11-22T21:00:00.000Z",
          "lastSignInAt": null,
          "disabledAt": null,
          "password": "shown-this-once"
        }
      }
    },
    "request": {
      "name": "ann",
      "password": {
        "generate": true
      },
      "grants": [
        {
          "role": "operator",
          "sites": [
            "paris"
          ]
        }
      ]
    }
  },
  "PATCH /api/v1/users/{id}": {
    "answers": {
      "200": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000003",
          "name": "ann",
          "grants": [
            {
              "role": "approver",
              "sites": null
            }
          ],
          "grantsFrom": "admin",
          "hasPassword": true,
          "providers": [],
          "createdAt": "2026-11-22T21:00:00.000Z",
          "lastSignInAt": null,
          "disabledAt": null
        }
      }
    },
    "request": {
      "grants": [
        {
          "role": "approver",
          "sites": null
        }
      ]
    }
  },
  "POST /api/v1/users/{id}/password": {
    "answers": {
      "200": {
        "application/json": {
          "password": "shown-this-once"
        }
      }
    },
    "request": {
      "password": {
        "generate": true
      }
    }
  },
  "GET /api/v1/users/{id}": {
    "answers": {
      "200": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000003",
          "name": "ann",
          "grants": [
            {
              "role": "approver",
              "sites": null
            }
          ],
          "grantsFrom": "admin",
          "hasPassword": true,
          "providers": [],
          "createdAt": "2026-11-22T21:00:00.000Z",
          "lastSignInAt": null,
          "disabledAt": null
        }
      }
    }
  },
  "GET /api/v1/users": {
    "answers": {
      "200": {
        "application/json": {
          "items": [
            {
              "id": "0199c0de-0000-7000-8000-000000000003",
              "name": "ann",
              "grants": [
                {
                  "role": "approver",
                  "sites": null
                }
              ],
              "grantsFrom": "admin",
              "hasPassword": true,
              "providers": [],
              "createdAt": "2026-11-22T21:00:00.000Z",
              "lastSignInAt": null,
              "disabledAt": null
            }
          ],
          "nextCursor": null
        }
      }
    }
  },
  "POST /api/v1/api-tokens": {
    "answers": {
      "201": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000004",
          "name": "nightly report",
          "prefix": "aloft_api_EXAMPLE",
          "grants": [
            {
              "role": "viewer",
              "sites": null
            }
          ],
          "owner": null,
          "createdAt": "2026-11-22T21:00:00.000Z",
          "expiresAt": "2026-12-22T21:00:00.000Z",
          "lastUsedAt": null,
          "token": "aloft_api_EXAMPLE"
        }
      }
    },
    "request": {
      "name": "nightly report",
      "grants": [
        {
          "role": "viewer",
          "sites": null
        }
      ],
      "ttlMs": 2592000000
    }
  },
  "GET /api/v1/api-tokens": {
    "answers": {
      "200": {
        "application/json": {
          "items": [
            {
              "id": "0199c0de-0000-7000-8000-000000000005",
              "name": "test",
              "prefix": "",
              "grants": [
                {
                  "role": "admin",
                  "sites": null
                }
              ],
              "owner": null,
              "createdAt": "2026-11-22T21:00:00.000Z",
              "expiresAt": null,
              "lastUsedAt": "2026-11-22T21:00:00.000Z"
            }
          ],
          "nextCursor": "WyJ3aGVyZSIsInRoZSBwYWdlIGVuZHMiXQ"
        }
      }
    }
  },
  "POST /api/v1/enrolment-tokens": {
    "answers": {
      "201": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000006",
          "site": "paris",
          "createdAt": "2026-11-22T21:00:00.000Z",
          "expiresAt": "2026-11-22T22:00:00.000Z",
          "maxUses": 2,
          "uses": 0,
          "labels": {
            "rack": "7"
          },
          "needsApproval": true,
          "token": "aloft_enrol_EXAMPLE"
        }
      }
    },
    "request": {
      "site": "paris",
      "ttlMs": 3600000,
      "maxUses": 2,
      "labels": {
        "rack": "7"
      },
      "needsApproval": true
    }
  },
  "GET /api/v1/enrolment-tokens": {
    "answers": {
      "200": {
        "application/json": {
          "items": [
            {
              "id": "0199c0de-0000-7000-8000-000000000007",
              "site": "rome",
              "createdAt": "2026-11-22T21:00:00.000Z",
              "expiresAt": "2026-11-22T22:00:00.000Z",
              "maxUses": 3,
              "uses": 0,
              "labels": {},
              "needsApproval": false
            }
          ],
          "nextCursor": "WyJ3aGVyZSIsInRoZSBwYWdlIGVuZHMiXQ"
        }
      }
    }
  },
  "GET /api/v1/account": {
    "answers": {
      "200": {
        "application/json": {
          "id": "token:0199c0de-0000-7000-8000-000000000005",
          "name": "token test",
          "kind": "token",
          "grants": [
            {
              "role": "admin",
              "sites": null
            }
          ],
          "permissions": [
            {
              "permission": "fleet.read",
              "sites": null
            },
            {
              "permission": "agents.operate",
              "sites": null
            },
            {
              "permission": "agents.admit",
              "sites": null
            },
            {
              "permission": "sites.manage",
              "sites": null
            },
            {
              "permission": "enrolment-tokens.manage",
              "sites": null
            },
            {
              "permission": "audit.read",
              "sites": null
            },
            {
              "permission": "system.read",
              "sites": null
            },
            {
              "permission": "system.manage",
              "sites": null
            },
            {
              "permission": "users.manage",
              "sites": null
            },
            {
              "permission": "account.own",
              "sites": null
            }
          ],
          "hasPassword": false,
          "expiresAt": null
        }
      }
    }
  },
  "GET /api/v1/account/sessions": {
    "answers": {
      "200": {
        "application/json": {
          "items": [
            {
              "id": "0199c0de-0000-7000-8000-000000000008",
              "method": "link",
              "current": true,
              "address": null,
              "userAgent": null,
              "createdAt": "2026-11-22T21:00:00.000Z",
              "lastSeenAt": "2026-11-22T21:00:00.000Z",
              "expiresAt": "2026-11-22T21:01:00.000Z"
            }
          ]
        }
      }
    }
  },
  "GET /api/v1/centre-key": {
    "answers": {
      "200": {
        "application/json": {
          "key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
          "previous": []
        }
      }
    }
  },
  "POST /api/v1/centre-key/rotate": {
    "answers": {
      "200": {
        "application/json": {
          "key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
          "previous": [
            {
              "key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
              "acceptedUntil": "2026-11-23T22:00:00.000Z"
            }
          ]
        }
      }
    }
  },
  "GET /api/v1/agents": {
    "answers": {
      "200": {
        "application/json": {
          "items": [
            {
              "id": "0199c0de-0000-7000-8000-000000000009",
              "site": "paris",
              "node": "lb1",
              "state": "enrolled",
              "evidence": null,
              "software": "test",
              "enrolledAt": "2026-11-22T21:00:00.000Z",
              "connectedSince": null,
              "lastSeenAt": null,
              "clock": null,
              "spoolBacklog": null,
              "routerAlive": null,
              "labels": {},
              "reason": null,
              "keyFingerprint": "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
              "keySince": "2026-11-22T21:00:00.000Z",
              "enrolledFrom": null,
              "keyRotationAsked": false,
              "credentialExpiresAt": "2026-11-23T21:00:00.000Z"
            },
            {
              "id": "0199c0de-0000-7000-8000-000000000010",
              "site": "paris",
              "node": "lb2",
              "state": "enrolled",
              "evidence": null,
              "software": "test",
              "enrolledAt": "2026-11-22T21:00:00.000Z",
              "connectedSince": null,
              "lastSeenAt": null,
              "clock": null,
              "spoolBacklog": null,
              "routerAlive": null,
              "labels": {},
              "reason": null,
              "keyFingerprint": "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
              "keySince": "2026-11-22T21:00:00.000Z",
              "enrolledFrom": null,
              "keyRotationAsked": false,
              "credentialExpiresAt": "2026-11-23T21:00:00.000Z"
            }
          ],
          "nextCursor": null
        }
      }
    }
  },
  "GET /api/v1/agents/{id}": {
    "answers": {
      "200": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000009",
          "site": "paris",
          "node": "lb1",
          "state": "enrolled",
          "evidence": null,
          "software": "test",
          "enrolledAt": "2026-11-22T21:00:00.000Z",
          "connectedSince": null,
          "lastSeenAt": null,
          "clock": null,
          "spoolBacklog": null,
          "routerAlive": null,
          "labels": {},
          "reason": null,
          "keyFingerprint": "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "keySince": "2026-11-22T21:00:00.000Z",
          "enrolledFrom": null,
          "keyRotationAsked": false,
          "credentialExpiresAt": "2026-11-23T21:00:00.000Z"
        }
      }
    }
  },
  "POST /api/v1/agents/{id}/commands": {
    "answers": {
      "202": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000011",
          "agentId": "0199c0de-0000-7000-8000-000000000009",
          "kind": "report",
          "state": "waiting",
          "detail": null,
          "createdAt": "2026-11-22T21:00:00.000Z",
          "createdBy": "token:0199c0de-0000-7000-8000-000000000005",
          "expiresAt": "2026-11-22T21:01:00.000Z",
          "sentAt": null,
          "finishedAt": null
        }
      }
    },
    "request": {
      "kind": "report",
      "ttlMs": 60000
    }
  },
  "GET /api/v1/agents/{id}/commands": {
    "answers": {
      "200": {
        "application/json": {
          "items": [
            {
              "id": "0199c0de-0000-7000-8000-000000000011",
              "agentId": "0199c0de-0000-7000-8000-000000000009",
              "kind": "report",
              "state": "waiting",
              "detail": null,
              "createdAt": "2026-11-22T21:00:00.000Z",
              "createdBy": "token:0199c0de-0000-7000-8000-000000000005",
              "expiresAt": "2026-11-22T21:01:00.000Z",
              "sentAt": null,
              "finishedAt": null
            }
          ],
          "nextCursor": null
        }
      }
    }
  },
  "GET /api/v1/agents/{id}/commands/{commandId}": {
    "answers": {
      "200": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000011",
          "agentId": "0199c0de-0000-7000-8000-000000000009",
          "kind": "report",
          "state": "waiting",
          "detail": null,
          "createdAt": "2026-11-22T21:00:00.000Z",
          "createdBy": "token:0199c0de-0000-7000-8000-000000000005",
          "expiresAt": "2026-11-22T21:01:00.000Z",
          "sentAt": null,
          "finishedAt": null
        }
      }
    }
  },
  "POST /api/v1/agents/{id}/rotate-key": {
    "answers": {
      "200": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000009",
          "site": "paris",
          "node": "lb1",
          "state": "enrolled",
          "evidence": null,
          "software": "test",
          "enrolledAt": "2026-11-22T21:00:00.000Z",
          "connectedSince": null,
          "lastSeenAt": null,
          "clock": null,
          "spoolBacklog": null,
          "routerAlive": null,
          "labels": {},
          "reason": null,
          "keyFingerprint": "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "keySince": "2026-11-22T21:00:00.000Z",
          "enrolledFrom": null,
          "keyRotationAsked": true,
          "credentialExpiresAt": "2026-11-23T21:00:00.000Z"
        }
      }
    },
    "request": {
      "reason": "yearly"
    }
  },
  "POST /api/v1/agents/{id}/release": {
    "answers": {
      "200": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000009",
          "site": "paris",
          "node": "lb1",
          "state": "enrolled",
          "evidence": null,
          "software": "test",
          "enrolledAt": "2026-11-22T21:00:00.000Z",
          "connectedSince": null,
          "lastSeenAt": null,
          "clock": null,
          "spoolBacklog": null,
          "routerAlive": null,
          "labels": {},
          "reason": null,
          "keyFingerprint": "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "keySince": "2026-11-22T21:00:00.000Z",
          "enrolledFrom": null,
          "keyRotationAsked": true,
          "credentialExpiresAt": "2026-11-23T21:00:00.000Z"
        }
      }
    },
    "request": {
      "reason": "the copy was switched off"
    }
  },
  "POST /api/v1/agents/{id}/approve": {
    "answers": {
      "200": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000010",
          "site": "paris",
          "node": "lb2",
          "state": "enrolled",
          "evidence": null,
          "software": "test",
          "enrolledAt": "2026-11-22T21:00:00.000Z",
          "connectedSince": null,
          "lastSeenAt": null,
          "clock": null,
          "spoolBacklog": null,
          "routerAlive": null,
          "labels": {},
          "reason": null,
          "keyFingerprint": "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "keySince": "2026-11-22T21:00:00.000Z",
          "enrolledFrom": null,
          "keyRotationAsked": false,
          "credentialExpiresAt": "2026-11-22T21:00:00.000Z"
        }
      }
    },
    "request": {
      "reason": "ticket 4711"
    }
  },
  "POST /api/v1/agents/{id}/revoke": {
    "answers": {
      "200": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000010",
          "site": "paris",
          "node": "lb2",
          "state": "revoked",
          "evidence": null,
          "software": "test",
          "enrolledAt": "2026-11-22T21:00:00.000Z",
          "connectedSince": null,
          "lastSeenAt": null,
          "clock": null,
          "spoolBacklog": null,
          "routerAlive": null,
          "labels": {},
          "reason": "stolen",
          "keyFingerprint": "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "keySince": "2026-11-22T21:00:00.000Z",
          "enrolledFrom": null,
          "keyRotationAsked": false,
          "credentialExpiresAt": "2026-11-22T21:00:00.000Z"
        }
      }
    },
    "request": {
      "reason": "stolen"
    }
  },
  "POST /api/v1/agents/{id}/reject": {
    "answers": {
      "200": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000010",
          "site": "paris",
          "node": "lb2",
          "state": "revoked",
          "evidence": null,
          "software": "test",
          "enrolledAt": "2026-11-22T21:00:00.000Z",
          "connectedSince": null,
          "lastSeenAt": null,
          "clock": null,
          "spoolBacklog": null,
          "routerAlive": null,
          "labels": {},
          "reason": "nobody knows it",
          "keyFingerprint": "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "keySince": "2026-11-22T21:00:00.000Z",
          "enrolledFrom": null,
          "keyRotationAsked": false,
          "credentialExpiresAt": "2026-11-22T21:00:00.000Z"
        }
      }
    },
    "request": {
      "reason": "nobody knows it"
    }
  },
  "GET /api/v1/virtual-routers": {
    "answers": {
      "200": {
        "application/json": {
          "items": [
            {
              "id": "0199c0de-0000-7000-8000-000000000012",
              "site": "paris",
              "name": "web",
              "vrid": 51,
              "family": "ipv4",
              "addresses": [
                "192.0.2.100/24"
              ],
              "state": "unknown",
              "active": null,
              "witness": null,
              "members": [
                {
                  "agentId": "0199c0de-0000-7000-8000-000000000009",
                  "node": "lb1",
                  "role": null,
                  "lastKnownRole": "active",
                  "heard": false,
                  "since": "2026-11-22T20:00:00.000Z",
                  "priority": 200,
                  "interface": "eth0"
                },
                {
                  "agentId": "0199c0de-0000-7000-8000-000000000010",
                  "node": "lb2",
                  "role": null,
                  "lastKnownRole": "active",
                  "heard": false,
                  "since": "2026-11-22T20:01:00.000Z",
                  "priority": 100,
                  "interface": "eth0"
                }
              ],
              "lastFailoverAt": "2026-11-22T20:01:00.000Z"
            }
          ],
          "nextCursor": null
        }
      }
    }
  },
  "GET /api/v1/virtual-routers/{id}": {
    "answers": {
      "200": {
        "application/json": {
          "id": "0199c0de-0000-7000-8000-000000000012",
          "site": "paris",
          "name": "web",
          "vrid": 51,
          "family": "ipv4",
          "addresses": [
            "192.0.2.100/24"
          ],
          "state": "unknown",
          "active": null,
          "witness": null,
          "members": [
            {
              "agentId": "0199c0de-0000-7000-8000-000000000009",
              "node": "lb1",
              "role": null,
              "lastKnownRole": "active",
              "heard": false,
              "since": "2026-11-22T20:00:00.000Z",
              "priority": 200,
              "interface": "eth0"
            },
            {
              "agentId": "0199c0de-0000-7000-8000-000000000010",
              "node": "lb2",
              "role": null,
              "lastKnownRole": "active",
              "heard": false,
              "since": "2026-11-22T20:01:00.000Z",
              "priority": 100,
              "interface": "eth0"
            }
          ],
          "lastFailoverAt": "2026-11-22T20:01:00.000Z"
        }
      }
    }
  },
  "GET /api/v1/virtual-routers/{id}/timeline": {
    "answers": {
      "200": {
        "application/json": {
          "virtualRouter": "0199c0de-0000-7000-8000-000000000012",
          "from": "2026-11-22T19:00:00.000Z",
          "to": "2026-11-22T21:00:00.000Z",
          "states": [
            {
              "from": "2026-11-22T19:00:00.000Z",
              "to": "2026-11-22T20:00:59.688Z",
              "state": "unknown",
              "active": []
            },
            {
              "from": "2026-11-22T20:00:59.688Z",
              "to": "2026-11-22T20:01:00.000Z",
              "state": "down",
              "active": []
            },
            {
              "from": "2026-11-22T20:01:00.000Z",
              "to": "2026-11-22T21:00:00.000Z",
              "state": "unknown",
              "active": []
            }
          ],
          "nodes": [
            {
              "agentId": "0199c0de-0000-7000-8000-000000000009",
              "node": "lb1",
              "roles": [
                {
                  "from": "2026-11-22T20:00:00.000Z",
                  "to": "2026-11-22T21:00:00.000Z",
                  "role": null,
                  "unknownBecause": "no-contact"
                }
              ]
            },
            {
              "agentId": "0199c0de-0000-7000-8000-000000000010",
              "node": "lb2",
              "roles": [
                {
                  "from": "2026-11-22T20:00:01.000Z",
                  "to": "2026-11-22T20:01:00.000Z",
                  "role": "backup",
                  "unknownBecause": null
                },
                {
                  "from": "2026-11-22T20:01:00.000Z",
                  "to": "2026-11-22T21:00:00.000Z",
                  "role": null,
                  "unknownBecause": "no-contact"
                }
              ]
            }
          ],
          "outages": [
            {
              "from": "2026-11-22T20:00:59.688Z",
              "to": "2026-11-22T20:01:00.000Z",
              "durationMs": 312,
              "failover": "fa000000000000000000000000000013",
              "outageMs": 312
            }
          ],
          "gaps": []
        }
      }
    }
  },
  "GET /api/v1/availability": {
    "answers": {
      "200": {
        "application/json": {
          "from": "2026-11-22T19:00:00.000Z",
          "to": "2026-11-22T21:00:00.000Z",
          "total": {
            "virtualRouters": 1,
            "servedMs": 0,
            "degradedMs": 0,
            "downMs": 0,
            "unknownMs": 0,
            "excludedMs": 0,
            "outages": 0,
            "availability": null
          },
          "address": null,
          "items": [
            {
              "virtualRouter": "0199c0de-0000-7000-8000-000000000012",
              "site": "paris",
              "name": "web",
              "vrid": 51,
              "family": "ipv4",
              "addresses": [
                "192.0.2.100/24"
              ],
              "servedMs": 0,
              "degradedMs": 0,
              "downMs": 0,
              "unknownMs": 0,
              "excludedMs": 0,
              "outages": 0,
              "availability": null
            }
          ],
          "nextCursor": null
        }
      }
    }
  },
  "GET /api/v1/events": {
    "answers": {
      "200": {
        "application/json": {
          "items": [
            {
              "id": "0199c0de-0000-7000-8000-000000000010/e/2",
              "agentId": "0199c0de-0000-7000-8000-000000000010",
              "site": "paris",
              "node": "lb2",
              "epoch": "e",
              "seq": 2,
              "occurredAt": "2026-11-22T20:01:00.000Z",
              "occurredAtErrorMs": 1.1,
              "receivedAt": "2026-11-22T20:01:01.000Z",
              "late": false,
              "observed": {
                "wallMs": 1795377660000,
                "monoMs": 2,
                "bootId": "boot-1"
              },
              "body": {
                "to": "active",
                "from": "backup",
                "kind": "transition",
                "vrid": 51,
                "heard": null,
                "family": "ipv4",
                "reason": "no-response",
                "outageMs": 312,
                "priority": 100,
                "addresses": [
                  "192.0.2.100/24"
                ],
                "interface": "eth0",
                "virtualRouter": "web"
              }
            },
            {
              "id": "0199c0de-0000-7000-8000-000000000010/e/1",
              "agentId": "0199c0de-0000-7000-8000-000000000010",
              "site": "paris",
              "node": "lb2",
              "epoch": "e",
              "seq": 1,
              "occurredAt": "2026-11-22T20:00:01.000Z",
              "occurredAtErrorMs": 7,
              "receivedAt": "2026-11-22T20:01:01.000Z",
              "late": false,
              "observed": {
                "wallMs": 1795377601000,
                "monoMs": 1,
                "bootId": "boot-1"
              },
              "body": {
                "to": "backup",
                "from": "initialize",
                "kind": "transition",
                "vrid": 51,
                "heard": null,
                "family": "ipv4",
                "reason": "startup",
                "outageMs": null,
                "priority": 100,
                "addresses": [
                  "192.0.2.100/24"
                ],
                "interface": "eth0",
                "virtualRouter": "web"
              }
            }
          ],
          "nextCursor": "WyJ3aGVyZSIsInRoZSBwYWdlIGVuZHMiXQ"
        },
        "application/x-ndjson": "{\"id\":\"0199c0de-0000-7000-8000-000000000010/e/2\",\"agentId\":\"0199c0de-0000-7000-8000-000000000010\",\"site\":\"paris\",\"node\":\"lb2\",\"epoch\":\"e\",\"seq\":2,\"occurredAt\":\"2026-11-22T20:01:00.000Z\",\"occurredAtErrorMs\":1.1,\"receivedAt\":\"2026-11-22T20:01:01.000Z\",\"late\":false,\"observed\":{\"wallMs\":1795377660000,\"monoMs\":2,\"bootId\":\"boot-1\"},\"body\":{\"to\":\"active\",\"from\":\"backup\",\"kind\":\"transition\",\"vrid\":51,\"heard\":null,\"family\":\"ipv4\",\"reason\":\"no-response\",\"outageMs\":312,\"priority\":100,\"addresses\":[\"192.0.2.100/24\"],\"interface\":\"eth0\",\"virtualRouter\":\"web\"}}\n{\"id\":\"0199c0de-0000-7000-8000-000000000010/e/1\",\"agentId\":\"0199c0de-0000-7000-8000-000000000010\",\"site\":\"paris\",\"node\":\"lb2\",\"epoch\":\"e\",\"seq\":1,\"occurredAt\":\"2026-11-22T20:00:01.000Z\",\"occurredAtErrorMs\":7,\"receivedAt\":\"2026-11-22T20:01:01.000Z\",\"late\":false,\"observed\":{\"wallMs\":1795377601000,\"monoMs\":1,\"bootId\":\"boot-1\"},\"body\":{\"to\":\"backup\",\"from\":\"initialize\",\"kind\":\"transition\",\"vrid\":51,\"heard\":null,\"family\":\"ipv4\",\"reason\":\"startup\",\"outageMs\":null,\"priority\":100,\"addresses\":[\"192.0.2.100/24\"],\"interface\":\"eth0\",\"virtualRouter\":\"web\"}}\n{\"end\":{\"items\":2,\"nextCursor\":\"WzIsImRlc2MiXQ\"}}\n"
      }
    }
  },
  "GET /api/v1/failovers": {
    "answers": {
      "200": {
        "application/json": {
          "items": [
            {
              "id": "fa000000000000000000000000000013",
              "site": "paris",
              "virtualRouter": "web",
              "vrid": 51,
              "family": "ipv4",
              "from": "lb1",
              "to": "lb2",
              "reason": "no-response",
              "planned": false,
              "occurredAt": "2026-11-22T20:01:00.000Z",
              "occurredAtErrorMs": 1.1,
              "receivedAt": "2026-11-22T20:01:01.000Z",
              "late": false,
              "outageMs": 312,
              "evidence": [
                {
                  "id": "0199c0de-0000-7000-8000-000000000009/e/1",
                  "agentId": "0199c0de-0000-7000-8000-000000000009",
                  "site": "paris",
                  "node": "lb1",
                  "epoch": "e",
                  "seq": 1,
                  "occurredAt": "2026-11-22T20:00:00.000Z",
                  "occurredAtErrorMs": 7.1,
                  "receivedAt": "2026-11-22T20:01:01.000Z",
                  "late": true,
                  "observed": {
                    "wallMs": 1795377600000,
                    "monoMs": 1,
                    "bootId": "boot-1"
                  },
                  "body": {
                    "to": "active",
                    "from": "backup",
                    "kind": "transition",
                    "vrid": 51,
                    "heard": null,
                    "family": "ipv4",
                    "reason": "priority",
                    "outageMs": null,
                    "priority": 200,
                    "addresses": [
                      "192.0.2.100/24"
                    ],
                    "interface": "eth0",
                    "virtualRouter": "web"
                  }
                },
                {
                  "id": "0199c0de-0000-7000-8000-000000000010/e/2",
                  "agentId": "0199c0de-0000-7000-8000-000000000010",
                  "site": "paris",
                  "node": "lb2",
                  "epoch": "e",
                  "seq": 2,
                  "occurredAt": "2026-11-22T20:01:00.000Z",
                  "occurredAtErrorMs": 1.1,
                  "receivedAt": "2026-11-22T20:01:01.000Z",
                  "late": false,
                  "observed": {
                    "wallMs": 1795377660000,
                    "monoMs": 2,
                    "bootId": "boot-1"
                  },
                  "body": {
                    "to": "active",
                    "from": "backup",
                    "kind": "transition",
                    "vrid": 51,
                    "heard": null,
                    "family": "ipv4",
                    "reason": "no-response",
                    "outageMs": 312,
                    "priority": 100,
                    "addresses": [
                      "192.0.2.100/24"
                    ],
                    "interface": "eth0",
                    "virtualRouter": "web"
                  }
                }
              ]
            }
          ],
          "nextCursor": null
        },
        "application/x-ndjson": "{\"id\":\"fa000000000000000000000000000013\",\"site\":\"paris\",\"virtualRouter\":\"web\",\"vrid\":51,\"family\":\"ipv4\",\"from\":\"lb1\",\"to\":\"lb2\",\"reason\":\"no-response\",\"planned\":false,\"occurredAt\":\"2026-11-22T20:01:00.000Z\",\"occurredAtErrorMs\":1.1,\"receivedAt\":\"2026-11-22T20:01:01.000Z\",\"late\":false,\"outageMs\":312,\"evidence\":[{\"id\":\"0199c0de-0000-7000-8000-000000000009/e/1\",\"agentId\":\"0199c0de-0000-7000-8000-000000000009\",\"site\":\"paris\",\"node\":\"lb1\",\"epoch\":\"e\",\"seq\":1,\"occurredAt\":\"2026-11-22T20:00:00.000Z\",\"occurredAtErrorMs\":7.1,\"receivedAt\":\"2026-11-22T20:01:01.000Z\",\"late\":true,\"observed\":{\"wallMs\":1795377600000,\"monoMs\":1,\"bootId\":\"boot-1\"},\"body\":{\"to\":\"active\",\"from\":\"backup\",\"kind\":\"transition\",\"vrid\":51,\"heard\":null,\"family\":\"ipv4\",\"reason\":\"priority\",\"outageMs\":null,\"priority\":200,\"addresses\":[\"192.0.2.100/24\"],\"interface\":\"eth0\",\"virtualRouter\":\"web\"}},{\"id\":\"0199c0de-0000-7000-8000-000000000010/e/2\",\"agentId\":\"0199c0de-0000-7000-8000-000000000010\",\"site\":\"paris\",\"node\":\"lb2\",\"epoch\":\"e\",\"seq\":2,\"occurredAt\":\"2026-11-22T20:01:00.000Z\",\"occurredAtErrorMs\":1.1,\"receivedAt\":\"2026-11-22T20:01:01.000Z\",\"late\":false,\"observed\":{\"wallMs\":1795377660000,\"monoMs\":2,\"bootId\":\"boot-1\"},\"body\":{\"to\":\"active\",\"from\":\"backup\",\"kind\":\"transition\",\"vrid\":51,\"heard\":null,\"family\":\"ipv4\",\"reason\":\"no-response\",\"outageMs\":312,\"priority\":100,\"addresses\":[\"192.0.2.100/24\"],\"interface\":\"eth0\",\"virtualRouter\":\"web\"}}]}\n{\"end\":{\"items\":1,\"nextCursor\":null}}\n"
      }
    }
  },
  "GET /api/v1/failovers/{id}": {
    "answers": {
      "200": {
        "application/json": {
          "id": "fa000000000000000000000000000013",
          "site": "paris",
          "virtualRouter": "web",
          "vrid": 51,
          "family": "ipv4",
          "from": "lb1",
          "to": "lb2",
          "reason": "no-response",
          "planned": false,
          "occurredAt": "2026-11-22T20:01:00.000Z",
          "occurredAtErrorMs": 1.1,
          "receivedAt": "2026-11-22T20:01:01.000Z",
          "late": false,
          "outageMs": 312,
          "evidence": [
            {
              "id": "0199c0de-0000-7000-8000-000000000009/e/1",
              "agentId": "0199c0de-0000-7000-8000-000000000009",
              "site": "paris",
              "node": "lb1",
              "epoch": "e",
              "seq": 1,
              "occurredAt": "2026-11-22T20:00:00.000Z",
              "occurredAtErrorMs": 7.1,
              "receivedAt": "2026-11-22T20:01:01.000Z",
              "late": true,
              "observed": {
                "wallMs": 1795377600000,
                "monoMs": 1,
                "bootId": "boot-1"
              },
              "body": {
                "to": "active",
                "from": "backup",
                "kind": "transition",
                "vrid": 51,
                "heard": null,
                "family": "ipv4",
                "reason": "priority",
                "outageMs": null,
                "priority": 200,
                "addresses": [
                  "192.0.2.100/24"
                ],
                "interface": "eth0",
                "virtualRouter": "web"
              }
            },
            {
              "id": "0199c0de-0000-7000-8000-000000000010/e/2",
              "agentId": "0199c0de-0000-7000-8000-000000000010",
              "site": "paris",
              "node": "lb2",
              "epoch": "e",
              "seq": 2,
              "occurredAt": "2026-11-22T20:01:00.000Z",
              "occurredAtErrorMs": 1.1,
              "receivedAt": "2026-11-22T20:01:01.000Z",
              "late": false,
              "observed": {
                "wallMs": 1795377660000,
                "monoMs": 2,
                "bootId": "boot-1"
              },
              "body": {
                "to": "active",
                "from": "backup",
                "kind": "transition",
                "vrid": 51,
                "heard": null,
                "family": "ipv4",
                "reason": "no-response",
                "outageMs": 312,
                "priority": 100,
                "addresses": [
                  "192.0.2.100/24"
                ],
                "interface": "eth0",
                "virtualRouter": "web"
              }
            }
          ]
        }
      }
    }
  },
  "GET /api/v1/audit": {
    "answers": {
      "200": {
        "application/json": {
          "items": [
            {
              "id": 23,
              "at": "2026-11-22T21:00:00.000Z",
              "atMs": 1795381200000,
              "actor": "token:0199c0de-0000-7000-8000-000000000005",
              "actorName": "token test",
              "credential": "token:0199c0de-0000-7000-8000-000000000005",
              "requestId": "0199c0de-0000-7000-8000-000000000014",
              "action": "agent.reject",
              "targetKind": "agent",
              "targetId": "0199c0de-0000-7000-8000-000000000010",
              "siteId": "0199c0de-0000-7000-8000-000000000002",
              "before": {
                "standing": "pending",
                "standingReason": "stolen"
              },
              "after": {
                "standing": "revoked",
                "standingReason": "nobody knows it"
              },
              "previousHash": "5a00000000000000000000000000000000000000000000000000000000000016",
              "hash": "5a00000000000000000000000000000000000000000000000000000000000017"
            },
            {
              "id": 22,
              "at": "2026-11-22T21:00:00.000Z",
              "atMs": 1795381200000,
              "actor": "token:0199c0de-0000-7000-8000-000000000005",
              "actorName": "token test",
              "credential": "token:0199c0de-0000-7000-8000-000000000005",
              "requestId": "0199c0de-0000-7000-8000-000000000015",
              "action": "agent.revoke",
              "targetKind": "agent",
              "targetId": "0199c0de-0000-7000-8000-000000000010",
              "siteId": "0199c0de-0000-7000-8000-000000000002",
              "before": {
                "standing": "approved",
                "standingReason": null
              },
              "after": {
                "standing": "revoked",
                "standingReason": "stolen"
              },
              "previousHash": "5a00000000000000000000000000000000000000000000000000000000000018",
              "hash": "5a00000000000000000000000000000000000000000000000000000000000016"
            }
          ],
          "nextCursor": "WyJ3aGVyZSIsInRoZSBwYWdlIGVuZHMiXQ"
        },
        "application/x-ndjson": "{\"id\":23,\"at\":\"2026-11-22T21:00:00.000Z\",\"atMs\":1795381200000,\"actor\":\"token:0199c0de-0000-7000-8000-000000000005\",\"actorName\":\"token test\",\"credential\":\"token:0199c0de-0000-7000-8000-000000000005\",\"requestId\":\"0199c0de-0000-7000-8000-000000000014\",\"action\":\"agent.reject\",\"targetKind\":\"agent\",\"targetId\":\"0199c0de-0000-7000-8000-000000000010\",\"siteId\":\"0199c0de-0000-7000-8000-000000000002\",\"before\":{\"standing\":\"pending\",\"standingReason\":\"stolen\"},\"after\":{\"standing\":\"revoked\",\"standingReason\":\"nobody knows it\"},\"previousHash\":\"5a00000000000000000000000000000000000000000000000000000000000016\",\"hash\":\"5a00000000000000000000000000000000000000000000000000000000000017\"}\n{\"id\":22,\"at\":\"2026-11-22T21:00:00.000Z\",\"atMs\":1795381200000,\"actor\":\"token:0199c0de-0000-7000-8000-000000000005\",\"actorName\":\"token test\",\"credential\":\"token:0199c0de-0000-7000-8000-000000000005\",\"requestId\":\"0199c0de-0000-7000-8000-000000000015\",\"action\":\"agent.revoke\",\"targetKind\":\"agent\",\"targetId\":\"0199c0de-0000-7000-8000-000000000010\",\"siteId\":\"0199c0de-0000-7000-8000-000000000002\",\"before\":{\"standing\":\"approved\",\"standingReason\":null},\"after\":{\"standing\":\"revoked\",\"standingReason\":\"stolen\"},\"previousHash\":\"5a00000000000000000000000000000000000000000000000000000000000018\",\"hash\":\"5a00000000000000000000000000000000000000000000000000000000000016\"}\n{\"end\":{\"items\":2,\"nextCursor\":\"WzIyLCJkZXNjIl0\"}}\n"
      }
    }
  },
  "GET /api/v1/stream": {
    "answers": {
      "200": {
        "text/event-stream": "event: hello\nid: 18\ndata: {\"resumed\":false,\"requested\":false}\n\n"
      }
    }
  }
}
