//! An account with one controller in it: instance, Elastic IP, bucket and backup in moto, and the
//! controller's API on the Elastic IP and on the private addresses of a subnet in 127.0.0.0/8.

use super::controllers::{Controllers, put};
use super::moto::{self, element};
use super::stage::Stage;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

pub const PASSWORD: &str = "not-a-real-password";

pub struct Cloud {
    pub stage: Stage,
    pub controllers: Controllers,
    pub old: String,
    pub allocation: String,
    pub bucket: String,
    pub key: String,
}

impl Cloud {
    /// Each has a network and a bucket of its own.
    pub fn new() -> Cloud {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let net = format!("127.77.{n}");
        let vpc = moto::ec2(&format!("Action=CreateVpc&CidrBlock={net}.0/24"));
        let vpc = element(&vpc, "vpcId").expect("a network").to_owned();
        let subnet = moto::ec2(&format!("Action=CreateSubnet&VpcId={vpc}&CidrBlock={net}.0/24"));
        let subnet = element(&subnet, "subnetId").expect("a subnet").to_owned();
        let made = moto::ec2(&format!(
            "Action=RunInstances&ImageId={}&MinCount=1&MaxCount=1&InstanceType=t3.large&SubnetId={subnet}",
            moto::IMAGE
        ));
        let old = element(&made, "instanceId").expect("an instance").to_owned();
        let private = element(&made, "privateIpAddress").expect("a private address").to_owned();
        assert!(private.starts_with(&net), "{private} is reached on this machine");
        let eip = format!("127.78.{n}.9");
        let allocated = moto::ec2(&format!("Action=AllocateAddress&Domain=vpc&Address={eip}"));
        assert_eq!(element(&allocated, "publicIp"), Some(eip.as_str()), "{allocated}");
        let allocation = element(&allocated, "allocationId").unwrap().to_owned();
        moto::give(&allocation, &old);
        let bucket = format!("controller-backups-{n}");
        put(
            &format!("/{bucket}"),
            "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>",
        );
        let key = format!("CloudN_{private}_save_cloudx_config.enc");
        put(&format!("/{bucket}/{key}"), "the backup of last night");
        let controllers = Controllers::new(&net, &eip, &allocation, &bucket, &old, &private);
        let stage = Stage::new("");
        std::fs::write(stage.at("password"), PASSWORD).unwrap();
        let inventory = format!(
            "hosts:\n  here: {{ local: true }}\naws: {{ region: eu-west-1, endpoint: \"http://127.0.0.1:{}\" }}\n\
             params: {{ eip: {eip}, old: {old}, insecure: true, every: 1s, patience: 2m }}\n\
             secrets: {{ aviatrix_password: {{ file: {} }} }}\n",
            stage.shim.port,
            stage.at("password").display()
        );
        std::fs::write(stage.at("inventory.yml"), inventory).unwrap();
        Cloud { stage, controllers, old, allocation, bucket, key }
    }

    /// How a playbook of this tree is run.
    pub fn words(&self, playbook: &str, set: &[&str]) -> Vec<String> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("playbooks/{playbook}.rhai"));
        let mut words = vec!["run".to_owned(), file.display().to_string(), "--yes".to_owned()];
        for one in set {
            words.extend(["--set".to_owned(), (*one).to_owned()]);
        }
        words
    }

    /// It is protected from being stopped; HA is on; the backup is empty, or missing; somebody else has the address; admin is not let in.
    pub fn refused(&self, words: &[&str]) {
        let tag = format!("ResourceId.1={}&Tag.1.Key=aws:autoscaling:groupName&Tag.1.Value=controller", self.old);
        moto::ec2(&format!("Action=CreateTags&{tag}"));
        let is_tagged = moto::ec2("Action=DescribeTags").contains("aws:autoscaling:groupName");
        if is_tagged {
            self.stage.ends(words, 3, &["HA is off"]);
            moto::ec2(&format!("Action=DeleteTags&{tag}"));
        } else {
            // Only AWS itself sets such tags, and moto is as strict: the answer gets one on its way.
            let tags = "<tagSet><item><key>aws:autoscaling:groupName</key><value>controller</value></item></tagSet>";
            for was in ["<tagSet/>", "<tagSet />", "<tagSet></tagSet>"] {
                self.stage.shim.faults().edited.push(("DescribeInstances", was.into(), tags.into()));
            }
            self.stage.ends(words, 3, &["HA is off"]);
            self.stage.shim.faults().edited.clear();
        }
        moto::protect(&self.old, "DisableApiStop", true);
        self.stage.ends(words, 3, &[&self.old, "may be stopped through the API", "--no-disable-api-stop"]);
        moto::protect(&self.old, "DisableApiStop", false);
        put(&format!("/{}/{}", self.bucket, self.key), "");
        self.stage.ends(words, 3, &["not empty"]);
        put(&format!("/{}/{}", self.bucket, self.key), "the backup of last night");
        let third = moto::instance();
        moto::give(&self.allocation, &third);
        self.stage.ends(words, 3, &["the instance that has the Elastic IP"]);
        moto::give(&self.allocation, &self.old);
        std::fs::write(self.stage.at("password"), "another-password").unwrap();
        self.stage.ends(words, 3, &["does not let admin in"]);
        std::fs::write(self.stage.at("password"), PASSWORD).unwrap();
    }

    /// By the vendor's button: no further Elastic IP may be had; the old instance would be terminated when it ends itself.
    pub fn refused_by_button(&self, words: &[&str]) {
        let none = ("DescribeAccountAttributes", "<attributeValue>5<".to_owned(), "<attributeValue>1<".to_owned());
        self.stage.shim.faults().edited.push(none);
        self.stage.ends(words, 3, &["one more Elastic IP may be allocated"]);
        self.stage.shim.faults().edited.clear();
        // moto does not take another behaviour for an instance that is there.
        let other = ("DescribeInstanceAttribute", "<value>stop<".to_owned(), "<value>terminate<".to_owned());
        self.stage.shim.faults().edited.push(other);
        self.stage.ends(words, 3, &["what becomes of", "when it shuts itself down"]);
    }
}
